/** Tells, once, how long a text takes at the rate at which messages leave, where that is what takes long: nothing is wrong then. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { AnswerTerms } from '../core/answer.js';
import { estimateCost } from '../cost/cost-model.js';
import { guessedCounts } from './warm.js';

/** Shorter runs need no word. */
const LONG_MILLISECONDS = 5_000;

export interface LineNoteOptions {
  readonly model: PublicModel;
  readonly answer: AnswerTerms;
  /** Bytes a millisecond; null as long as no message had to wait. Both ends slow it down when they have no time to write or read. */
  readonly lineRate: () => number | null;
  readonly onNote: (line: string) => void;
}

/** `a text of this length moves about 11 MB, … messages leave at 0.8 Mbit/s`. */
const lineSentence = (texts: number, bytes: number, rate: number): string =>
  `${texts === 1 ? 'a text' : `a run of ${texts} texts`} of this length moves about ${Math.ceil(bytes / 1e6)} MB, which takes about ` +
  `${Math.ceil(bytes / rate / 1000)} s if messages go on leaving at ${((rate * 8) / 1000).toFixed(1)} Mbit/s: the line is slow, or either ` +
  `end is busy`;

export class LineNote {
  #isTold = false;

  constructor(private readonly options: LineNoteOptions) {}

  /** Watches one run; returns what ends that. */
  watch(buckets: readonly number[]): () => void {
    if (this.#isTold) return () => undefined;
    const timer = setTimeout(() => void this.#tell(buckets).catch(() => undefined), LONG_MILLISECONDS);
    return () => clearTimeout(timer);
  }

  async #tell(buckets: readonly number[]): Promise<void> {
    const { model, answer, lineRate, onNote } = this.options;
    const rate = lineRate();
    if (rate === null || this.#isTold) return;
    this.#isTold = true;
    let bytes = 0;
    for (const bucket of buckets)
      bytes += (await estimateCost(model, { bucket, answer, schedule: guessedCounts(model, bucket) })).bytes;
    onNote(lineSentence(buckets.length, bytes, rate));
  }
}
