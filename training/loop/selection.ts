/** Which model of a phase is kept: the one that does best on the development set, or the last one; and when a phase is over early. */
import type { RunConfig } from '../../config/schema.js';
import type { MetricName } from '../../model/task.js';
import type { Evaluation } from '../evaluate/evaluation.js';

/** The best evaluation of a phase so far, and how many after it were no better. A checkpoint keeps it. */
export interface Best {
  readonly step: number;
  /** The task's first metric, and the loss that decides between equals. */
  readonly score: number;
  readonly loss: number;
  readonly since: number;
}

/** The next state of the selection after an evaluation that counts; `since` is 0 where it is the best so far. */
export function selectionAfter(
  before: Best | null,
  step: number,
  { metrics, loss }: Pick<Evaluation, 'metrics' | 'loss'>,
  [first]: readonly MetricName[],
): Best {
  const score = (first && metrics[first]) ?? 0;
  const isBetter = before === null || score > before.score || (score === before.score && loss < before.loss);
  return isBetter ? { step, score, loss, since: 0 } : { ...before, since: before.since + 1 };
}

/** Whether a phase ends because nothing has got better for `patience` evaluations. */
export const isExhausted = (best: Best | null, { patience }: RunConfig): boolean =>
  patience !== null && best !== null && best.since >= patience;
