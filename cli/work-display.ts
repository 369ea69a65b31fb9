/** Shows how far a computation over many texts is: a bar on a terminal, else a line now and then. */
import { duration } from '../util/duration.js';
import { note } from '../util/note.js';
import { type Progress, progressBar } from './output.js';

/** Between lines where there is no bar. */
const QUIET_MILLISECONDS = 15_000;

/** Says when a line is due where there is no bar. */
export class QuietLines {
  #last: number;

  constructor(last = 0) {
    this.#last = last;
  }

  isDue(): boolean {
    if (process.stderr.isTTY || Date.now() - this.#last < QUIET_MILLISECONDS) return false;
    this.#last = Date.now();
    return true;
  }
}

interface Work {
  readonly what: string;
  readonly since: number;
  readonly bar: Progress;
  readonly lines: QuietLines;
  done: number;
}

export class WorkDisplay {
  #work: Work | null = null;

  /** So many of `texts` are done. */
  show(what: string, done: number, texts: number): void {
    if (this.#work?.what !== what) {
      this.stop();
      const since = Date.now();
      this.#work = { what, since, bar: progressBar(what, texts), lines: new QuietLines(since), done: 0 };
    }
    const work = this.#work!;
    work.bar.advance(done - work.done);
    work.done = done;
    if (done === texts) {
      this.stop();
      return;
    }
    if (!work.lines.isDue()) return;
    const left = ((Date.now() - work.since) / 1000) * (texts / done - 1);
    note(`${what}: ${((100 * done) / texts).toFixed(0)}% of ${texts} texts  about ${duration(left)} left`);
  }

  stop(): void {
    this.#work?.bar.stop();
    this.#work = null;
  }
}
