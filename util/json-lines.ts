import { readFile } from 'node:fs/promises';

function parsed<T>(line: string): T[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as T];
  } catch {
    return [];
  }
}

/** The lines of a file of JSON; of one that was cut off when its writer was killed nothing is left. */
export const readJsonLines = async <T>(file: string): Promise<T[]> =>
  (await readFile(file, 'utf8')).split('\n').flatMap((line) => parsed<T>(line));
