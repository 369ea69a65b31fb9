/** A program as a child process, which never outlives this one. */
import { spawn } from 'node:child_process';
import { checkNotInterrupted, onInterrupt } from '../../util/interrupt.js';

export class ChildError extends Error {
  override name = 'ChildError';

  constructor(
    message: string,
    /** Null where a signal ended it, or it never began. */
    readonly exitCode: number | null,
  ) {
    super(message);
  }
}

export interface ChildOptions {
  /** Every line that it writes to standard error. */
  readonly onLine?: (line: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Where it runs; here if not given. */
  readonly folder?: string | undefined;
}

/** Calls back for whole lines of what comes in pieces. */
function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') onLine(line.trim());
  };
}

/**
 * Runs one program to its end and returns its standard output. A command of ours ends when the channel to us closes, whatever ended us
 * (cli/main.ts).
 * @throws ChildError with the last line that it wrote to standard error
 * @throws InterruptedError where this process is ending, which ends the child or keeps it from being started
 */
export async function runChild(
  command: readonly string[],
  { onLine, signal, folder }: ChildOptions = {},
): Promise<string> {
  checkNotInterrupted();
  const [program, ...args] = command;
  const child = spawn(program!, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  let last = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const read = lineReader((line) => {
    last = line;
    onLine?.(line);
  });
  child.stderr!.setEncoding('utf8').on('data', read);
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', (error) => reject(new ChildError(error.message, null)));
    child.on('close', (code, by) => {
      read('\n');
      if (code === 0) resolve(output);
      else reject(new ChildError(last === '' ? `ended with ${by ?? code}` : last, code));
    });
  });
  const end = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  const forget = onInterrupt(async () => {
    end();
    await ended.catch(() => undefined);
  });
  try {
    return await ended;
  } catch (error) {
    checkNotInterrupted();
    throw error;
  } finally {
    forget();
    signal?.removeEventListener('abort', end);
  }
}
