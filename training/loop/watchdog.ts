/** Stops a run that has gone wrong before it writes over a good checkpoint. */
import type { PhaseName } from '../../config/schema.js';
import { TrainingError } from '../errors.js';
import type { Step } from './stepper.js';

/** The smoothed loss of the task may rise to this many times that of guessing. */
const MOST_TIMES_GUESSING = 5;
const SMOOTHING = 0.05;

export class Watchdog {
  #smoothed: number | null = null;
  readonly #limit: number;

  readonly #phase: PhaseName;
  readonly #lastCheckpoint: string;

  constructor(
    phase: PhaseName,
    /** Loss of a model that knows nothing but how often each class is, or the mean of the numbers. */
    guessing: number,
    lastCheckpoint: string,
  ) {
    this.#phase = phase;
    this.#lastCheckpoint = lastCheckpoint;
    this.#limit = MOST_TIMES_GUESSING * guessing;
  }

  /** After every step. Throws TrainingError on NaN, infinity or divergence. */
  check({ step, result, gradientNorm }: Pick<Step, 'step' | 'result' | 'gradientNorm'>): void {
    const { loss, taskLoss, classWeight } = result;
    if (!Number.isFinite(loss)) this.#fail(step, `the loss is ${loss}`);
    if (!Number.isFinite(gradientNorm)) this.#fail(step, `the gradient norm is ${gradientNorm}`);
    // A rare class weighs a hundred times the others: what a model that guesses loses on it is no divergence.
    const unweighted = taskLoss / classWeight;
    this.#smoothed =
      this.#smoothed === null ? unweighted : this.#smoothed + SMOOTHING * (unweighted - this.#smoothed);
    if (this.#smoothed > this.#limit)
      this.#fail(step, `the loss diverged to ${this.#smoothed.toFixed(2)} (limit ${this.#limit.toFixed(2)})`);
  }

  #fail(step: number, what: string): never {
    throw new TrainingError(
      `${this.#phase} phase, step ${step}: ${what}; lower the learning rate and --resume from the last checkpoint, if there is one, in ${this.#lastCheckpoint}`,
    );
  }
}
