/** Stops a run that has gone wrong before it writes over a good checkpoint. */
import type { PhaseName } from '../../config/schema.js';
import { TrainingError } from '../errors.js';

/** The smoothed loss of the task may rise to this many times that of guessing. */
const mostTimesGuessing = 5;
const smoothing = 0.05;

export class Watchdog {
  private smoothed: number | null = null;
  private readonly limit: number;

  constructor(
    private readonly phase: PhaseName,
    /** Loss of a model that knows nothing but how often each class is, or the mean of the numbers. */
    guessing: number,
    private readonly lastCheckpoint: string,
  ) {
    this.limit = mostTimesGuessing * guessing;
  }

  /** After every step. Throws TrainingError on NaN, infinity or divergence. */
  check(step: number, loss: number, taskLoss: number, gradientNorm: number): void {
    if (!Number.isFinite(loss)) this.fail(step, `the loss is ${loss}`);
    if (!Number.isFinite(gradientNorm)) this.fail(step, `the gradient norm is ${gradientNorm}`);
    this.smoothed =
      this.smoothed === null ? taskLoss : this.smoothed + smoothing * (taskLoss - this.smoothed);
    if (this.smoothed > this.limit)
      this.fail(step, `the loss diverged to ${this.smoothed.toFixed(2)} (limit ${this.limit.toFixed(2)})`);
  }

  private fail(step: number, what: string): never {
    throw new TrainingError(
      `${this.phase} phase, step ${step}: ${what}; lower the learning rate and --resume from the last checkpoint, if there is one, in ${this.lastCheckpoint}`,
    );
  }
}
