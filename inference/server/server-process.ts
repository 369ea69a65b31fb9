/** A server party as a process of its own on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ServerProcess {
  readonly port: number;
  /** Ends the process. */
  stop(): Promise<void>;
}

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/**
 * Starts `command`, which must print `listening on HOST:PORT` when it is ready. Its standard input stays open as long as
 * this process lives: the server ends when it closes, so it never outlives us. `log` gets its standard error.
 */
export async function startServerProcess(
  command: readonly string[],
  log: (line: string) => void,
): Promise<ServerProcess> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  let lastError = '';
  createInterface(child.stderr!).on('line', (line) => {
    lastError = line;
    log(line);
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout!).on('line', (line) => {
      const match = /^listening on .*:(\d+)$/.exec(line);
      if (match) resolve(Number(match[1]));
    });
    child.once('error', (error) => reject(new Error(`the server process cannot start: ${error.message}`)));
    // 'close' comes after the last line of standard error.
    child.once('close', (code) =>
      reject(
        new Error(
          lastError.replace(/^cipherprune: /, '') || `the server process ended with exit code ${code}`,
        ),
      ),
    );
  });
  return {
    port,
    async stop() {
      child.stdin!.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await exited(child);
      clearTimeout(timer);
    },
  };
}
