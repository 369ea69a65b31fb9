/**
 * Training in a process with a larger limit of V8's heap. V8 counts the numbers of tensors against it, though they lie
 * outside: with a pretrained encoder and all of SST-2 it collected garbage for 40% of the time under the default limit.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const ROOMY_MEGABYTES = 12_288;

/** Has nobody chosen a limit, as this module does? */
export const heapIsDefault = (): boolean =>
  ![...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((flags) =>
    flags.includes('--max-old-space-size'),
  );

/** The same command in a process of its own; its exit code. A signal to this process goes on to it. */
export function inRoomyHeap(): Promise<number> {
  const flags = [...process.execArgv, `--max-old-space-size=${ROOMY_MEGABYTES}`];
  const child = spawn(process.execPath, [...flags, ...process.argv.slice(1)], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => undefined; // the terminal sends it to both
  process.on('SIGTERM', forward).on('SIGINT', ignore);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', forward).off('SIGINT', ignore);
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}
