import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to run another command of this program as a process of its own: from the sources or from dist/ alike. */
export function selfCommand(...args: readonly string[]): string[] {
  const extension = extname(fileURLToPath(import.meta.url));
  const main = fileURLToPath(new URL(`../cli/main${extension}`, import.meta.url));
  const loader = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, main, ...args];
}
