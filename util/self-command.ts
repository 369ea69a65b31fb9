import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Node's options for a module of ours as a process of its own: sources need a loader. */
export const loaderOf = (path: string): string[] =>
  extname(path) === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** How to run another command of this program as a process of its own: from the sources or from dist/ alike. */
export function selfCommand(...args: readonly string[]): string[] {
  const extension = extname(fileURLToPath(import.meta.url));
  const main = fileURLToPath(new URL(`../cli/main${extension}`, import.meta.url));
  return [process.execPath, ...loaderOf(main), main, ...args];
}
