/** Which process of which machine left a file, and whether it may still be at work. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

/** Six hexadecimal digits of the machine's name: enough to tell those that share a disk apart. */
export const machineOfThis = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 6);

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
