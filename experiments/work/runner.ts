/** Who runs the many commands of a sweep, a paper or an evaluation: this machine, or workers behind a queue. */
import { selfCommand } from '../../util/self-command.js';
import { runChild } from './child.js';

export interface Runner {
  /** How many works it is of use to hand over at the same time. */
  readonly parallel: number;
  /**
   * One command of this program, run to its end by somebody; its standard output. `onLine`: what it says meanwhile.
   * @throws Error with the last line that it wrote to standard error
   */
  run(args: readonly string[], onLine: (line: string) => void): Promise<string>;
  /** What was handed over is of use now: whoever keeps results for another attempt keeps them no longer. */
  forget?(): Promise<void>;
  close(): Promise<void>;
}

/** As processes of their own on this machine, so many at a time. */
export const localRunner = (workers: number): Runner => ({
  parallel: workers,
  run: (args, onLine) => runChild(selfCommand(...args), { onLine }),
  close: async () => undefined,
});
