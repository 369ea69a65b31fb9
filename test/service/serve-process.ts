/** `serve` as a process of its own, with its log for machines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { packageFile } from '../../util/package-file.js';
import { ending } from '../support/child-processes.js';
import { compiledFile } from '../support/compiled.js';

export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  /** Records of the log; a line of another kind is the `line` of one. */
  readonly log: Record<string, unknown>[];
  readonly exit: Promise<[code: number | null]>;
}

/** Resolves when it listens. */
export async function serveProcess(
  options: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Running> {
  const child = ending(
    spawn(process.execPath, [compiledFile('cli', 'main.js'), 'serve', ...options], {
      cwd: packageFile('.'),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  const log: Record<string, unknown>[] = [];
  createInterface(child.stderr).on('line', (line) =>
    // The last line of a command that failed is for people.
    log.push(line.startsWith('{') ? JSON.parse(line) : { line }),
  );
  const exit = once(child, 'exit') as Promise<[number | null]>;
  for await (const line of createInterface(child.stdout)) {
    const port = /^listening on 127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
    if (port) return { child, port: Number(port), log, exit };
  }
  throw new Error(`serve ended: ${JSON.stringify(log)}`);
}
