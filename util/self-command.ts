import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `fork` takes for a module of ours, or `node` with the options before the path; no options: it is plain JavaScript. */
export interface OwnModule {
  readonly path: string;
  readonly execArgv: readonly string[];
}

/** How to run a module of ours in a process or thread of its own, by the address of its compiled file: from the sources or from dist/ alike. */
export function ownModule(compiled: URL): OwnModule {
  const path = fileURLToPath(compiled);
  if (extname(fileURLToPath(import.meta.url)) === '.js') return { path, execArgv: [] };
  // Sources need a loader.
  return { path: path.replace(/\.js$/, '.ts'), execArgv: ['--import', import.meta.resolve('tsx')] };
}

/** How to run another command of this program as a process of its own. */
export function selfCommand(...args: readonly string[]): string[] {
  const { path, execArgv } = ownModule(new URL('../cli/main.js', import.meta.url));
  return [process.execPath, ...execArgv, path, ...args];
}
