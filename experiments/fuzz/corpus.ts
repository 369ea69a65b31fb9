/** Inputs that reached something new in earlier runs, a file a target: base64, one a line, shortest first. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Longer ones are not kept: they are large valid inputs with a change, which mutations find again. */
const MOST_BYTES = 1024;

const fileOf = (folder: string, target: string): string => join(folder, `${target.replaceAll(' ', '-')}.txt`);

export async function readCorpus(folder: string, target: string): Promise<Uint8Array[]> {
  const path = fileOf(folder, target);
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

export async function addToCorpus(
  folder: string,
  target: string,
  inputs: readonly Uint8Array[],
): Promise<void> {
  const short = inputs.filter(({ length }) => length <= MOST_BYTES);
  const all = [...(await readCorpus(folder, target)), ...short].sort((a, b) => a.length - b.length);
  const lines = new Set(all.map((input) => Buffer.from(input).toString('base64')));
  await writeFile(fileOf(folder, target), [...lines].map((line) => `${line}\n`).join(''));
}
