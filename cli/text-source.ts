/** Texts in batches, as they come: known from the beginning, or line by line from standard input. */
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { chunks } from '../util/chunks.js';
import { UsageError } from '../util/errors.js';
import { parseText, readTexts, type TextInput, type TextOptions } from './texts.js';

export interface TextSource {
  /** Somebody may be typing: batches come when they come. */
  readonly isLive: boolean;
  /** Texts that are still to come; infinite where nobody knows. */
  readonly remaining: number;
  /** The next batch; null at the end. */
  next(): Promise<readonly TextInput[] | null>;
}

class KnownTexts implements TextSource {
  readonly isLive = false;
  readonly #batches: (readonly TextInput[])[];

  constructor(texts: readonly TextInput[], size: number) {
    this.#batches = [...chunks(texts, size)];
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
  readonly isJson: boolean;
  /** Before each line, on standard error. */
  readonly prompt: string | null;
}

/** Lines of standard input: a batch is full, or the end is reached. */
class StandardInput implements TextSource {
  readonly isLive = true;
  readonly remaining = Number.POSITIVE_INFINITY;
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
      const source = `standard input:${++this.#count}`;
      if (this.options.prompt === null || value.trim() !== '')
        batch.push(parseText(value, source, this.options.isJson));
    }
    if (this.#count === 0) throw new Error('standard input: expected at least one text, it is empty');
    return batch.length === 0 ? null : batch;
  }
}

/** What the options name; known texts are all checked before any connection is made. */
export async function openTexts(options: TextOptions & { readonly batch: number }): Promise<TextSource> {
  const { text, textPair, file, batch: size } = options;
  const names = text !== undefined || textPair !== undefined || file !== undefined;
  if (!names && process.stdin.isTTY) return new StandardInput({ size, isJson: false, prompt: 'text: ' });
  if (!names) throw new UsageError('expected either --text or --file (or a terminal to type texts into)');
  if (file === '-' && text === undefined && textPair === undefined)
    return new StandardInput({ size, isJson: true, prompt: null });
  return new KnownTexts(await readTexts(options), size);
}
