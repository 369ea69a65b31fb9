/** Runs programs as child processes, a few at a time. */
import { spawn } from 'node:child_process';
import { onInterrupt } from '../../util/interrupt.js';

export class ChildError extends Error {
  override name = 'ChildError';
}

/**
 * Runs one program to its end and returns its standard output.
 * @throws ChildError with the last line that it wrote to standard error
 */
export function runChild(
  command: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let last = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      last = line.trim();
      onLine(last);
    }
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', (error) => reject(new ChildError(error.message)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new ChildError(last === '' ? `ended with ${signal ?? code}` : last));
    });
  });
  const forget = onInterrupt(async () => {
    child.kill('SIGTERM');
    await ended.catch(() => undefined);
  });
  return ended.finally(forget);
}

/** Runs jobs in order, `workers` of them at a time. A job must not throw. */
export async function runPool(jobs: readonly (() => Promise<void>)[], workers: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await job();
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, work));
}
