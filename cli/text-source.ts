/** Texts in batches, as they come: known from the beginning, or line by line from standard input. */
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { rowsOfTable } from '../data/sources/text-rows.js';
import { jsonRow } from '../data/tables/json.js';
import { LINE_COLUMNS, lineRow } from '../data/tables/lines.js';
import { chunks } from '../util/chunks.js';
import { UsageError } from '../util/errors.js';
import { readTexts, type TextInput, type TextOptions } from './texts.js';

export interface TextSource {
  /** Somebody may be typing: batches come when they come. */
  readonly isLive: boolean;
  /** Texts that are still to come; infinite where nobody knows. */
  readonly remaining: number;
  /** All of them, where they are known: to be checked before any work. */
  readonly known: readonly TextInput[];
  /** Names of the fields that every text has. */
  readonly columns: readonly string[];
  /** What was guessed or left out. */
  readonly notes: readonly string[];
  /** The next batch; null at the end. */
  next(): Promise<readonly TextInput[] | null>;
}

class KnownTexts implements TextSource {
  readonly isLive = false;
  readonly #batches: (readonly TextInput[])[];

  constructor(
    readonly known: readonly TextInput[],
    readonly columns: readonly string[],
    readonly notes: readonly string[],
    size: number,
  ) {
    this.#batches = [...chunks(known, size)];
  }

  get remaining(): number {
    return this.#batches.reduce((sum, { length }) => sum + length, 0);
  }

  async next(): Promise<readonly TextInput[] | null> {
    return this.#batches.shift() ?? null;
  }
}

interface LineOptions {
  readonly size: number;
  /** Before each line, on standard error. */
  readonly prompt: string | null;
}

/** One line of standard input: a JSON object, or a text, or two with a tab between. */
export function parseLine(content: string, number: number): TextInput {
  const source = `standard input:${number}`;
  const row = content.trimStart().startsWith('{') ? jsonRow(content, number) : lineRow(content, number);
  const table = { file: source, format: 'txt', columns: LINE_COLUMNS, rows: [row], notes: [] } as const;
  const { text, textPair, fault, fields } = rowsOfTable(table, { text: 'text', textPair: 'textPair' })[0]!;
  if (fault !== null) throw new Error(`${source}: ${fault}`);
  return { text, textPair, source, fields };
}

/** Lines of standard input: a batch is full, or the end is reached. */
class StandardInput implements TextSource {
  readonly isLive = true;
  readonly remaining = Number.POSITIVE_INFINITY;
  readonly known = [];
  readonly columns = LINE_COLUMNS;
  readonly notes = [];
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  #count = 0;

  constructor(private readonly options: LineOptions) {
    this.#interface = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  async next(): Promise<readonly TextInput[] | null> {
    const batch: TextInput[] = [];
    while (batch.length < this.options.size) {
      if (this.options.prompt !== null) process.stderr.write(this.options.prompt);
      const { value, done } = await this.#lines.next();
      if (done) break;
      this.#count++;
      if (this.options.prompt === null || value.trim() !== '') batch.push(parseLine(value, this.#count));
    }
    if (this.#count === 0) throw new Error('standard input: expected at least one text, it is empty');
    return batch.length === 0 ? null : batch;
  }
}

/** What the options name; known texts are all checked before any connection is made. */
export async function openTexts(options: TextOptions & { readonly batch: number }): Promise<TextSource> {
  const { text, textPair, file, batch: size } = options;
  const names = text !== undefined || textPair !== undefined || file !== undefined;
  if (!names && process.stdin.isTTY) return new StandardInput({ size, prompt: 'text: ' });
  if (!names) throw new UsageError('expected either --text or --file (or a terminal to type texts into)');
  if (file === '-' && text === undefined && textPair === undefined)
    return new StandardInput({ size, prompt: null });
  const { inputs, columns, notes } = await readTexts(options);
  return new KnownTexts(inputs, columns, notes, size);
}
