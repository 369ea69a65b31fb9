/** The texts that a user wants classified: from the command line or a file. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../util/errors.js';

export interface TextInput {
  readonly text: string;
  readonly textPair: string | null;
  /** Where it came from, for errors: `--text`, or `FILE:LINE`. */
  readonly source: string;
}

export interface TextOptions {
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  readonly file?: string | undefined;
}

function checked(input: TextInput): TextInput {
  if (input.text.trim() === '') throw new Error(`${input.source}: the text is empty`);
  if (input.textPair !== null && input.textPair.trim() === '')
    throw new Error(`${input.source}: the second text of the pair is empty`);
  return input;
}

function fromJson(line: string, source: string): TextInput {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`${source}: expected a JSON object, got ${(error as Error).message}`);
  }
  const { text, textPair = null } = (value ?? {}) as { text?: unknown; textPair?: unknown };
  if (typeof text !== 'string' || (textPair !== null && typeof textPair !== 'string'))
    throw new Error(`${source}: expected {"text": "…"} or {"text": "…", "textPair": "…"}`);
  return { text, textPair, source };
}

function fromTsv(line: string, source: string): TextInput {
  const [text = '', textPair = null, ...more] = line.split('\t');
  if (more.length > 0) throw new Error(`${source}: expected one or two columns, got ${2 + more.length}`);
  return { text, textPair, source };
}

/** One line. */
export const parseText = (line: string, source: string, isJson: boolean): TextInput =>
  checked((isJson ? fromJson : fromTsv)(line, source));

/** Lines of `text` or `text TAB pair`; with `isJson`, objects with `text` and perhaps `textPair`. */
export function parseTexts(content: string, name: string, isJson: boolean): TextInput[] {
  const lines = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Error(`${name}: expected at least one text, the file is empty`);
  return lines.map((line, index) => parseText(line, `${name}:${index + 1}`, isJson));
}

/** All inputs, checked before any connection is made. */
export async function readTexts({ text, textPair, file }: TextOptions): Promise<TextInput[]> {
  if ((text === undefined) === (file === undefined)) {
    throw new UsageError('expected either --text or --file');
  }
  if (textPair !== undefined && text === undefined) throw new UsageError('--text-pair needs --text');
  if (text !== undefined) return [checked({ text, textPair: textPair ?? null, source: '--text' })];
  return parseTexts(await readFile(file!, 'utf8'), file!, /\.jsonl?$/i.test(file!));
}
