/** The commands of a guide page, to be run in a folder of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'npx cipherprune ';

/** Words of a command line: quotes hold words together. */
const wordsOf = (line: string): string[] =>
  Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');

/** Every line of a page's `sh` blocks that runs this program, as its arguments. */
export function guideCommands(page: string): string[][] {
  const blocks = readFileSync(page, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g);
  const lines = Array.from(blocks, ([, block]) => block!.replaceAll('\\\n', ' ').split('\n')).flat();
  return lines.filter((line) => line.startsWith(PREFIX)).map((line) => wordsOf(line.slice(PREFIX.length)));
}

/** Arguments that name files of the page, below a folder. */
export const inFolder = (folder: string, files: readonly string[], args: readonly string[]): string[] =>
  args.map((word) => (files.includes(word) ? join(folder, word) : word));
