/** No process that a test starts outlives it, also where its limit ends it, nor does one outlive the test runner's worker. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, onTestFinished, TestRunner } from 'vitest';

export interface Lasting {
  /** Other tests of the file go on with it. */
  readonly untilFileEnds?: boolean;
  /** It leads a group of processes (`detached`), which ends with it. */
  readonly isGroup?: boolean;
}

/** What ends each of those that may still run. */
const kills = new Map<ChildProcess, () => void>();

function kill(child: ChildProcess): void {
  kills.get(child)?.();
  kills.delete(child);
}

const killAll = (): void => {
  for (const child of kills.keys()) kill(child);
};

afterAll(killAll);
process.once('exit', killAll);
process.once('SIGTERM', () => process.exit(143));

/** The same process, which is killed at the end of the test, or of the file if it is started outside of tests. */
export function ending<Child extends ChildProcess>(child: Child, lasting: Lasting = {}): Child {
  kills.set(child, () => {
    if (!lasting.isGroup) child.kill('SIGKILL');
    else if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  });
  if (!lasting.untilFileEnds && TestRunner.getCurrentTest() !== undefined) onTestFinished(() => kill(child));
  return child;
}
