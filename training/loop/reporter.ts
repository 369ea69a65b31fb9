/** Tells how a phase goes: lines of metrics.jsonl and calls of a listener. */
import type { Evaluation } from '../evaluate/evaluation.js';
import { currentThresholds, type ModelState } from '../network/model-state.js';
import type { Phase } from '../phases/phase.js';
import type { Position } from './last-checkpoint.js';
import { type Listener, type MetricsLog, StepMeans } from './progress.js';
import type { RunInProgress } from './run-in-progress.js';
import type { Step } from './stepper.js';

/** Steps between two reports; the first ones come sooner, so that a wrong rate or wrong labels are seen at once. */
const REPORT_EVERY = 50;
const FIRST_REPORTS: readonly number[] = [1, 5, 20];

const isReported = (step: number): boolean => step % REPORT_EVERY === 0 || FIRST_REPORTS.includes(step);

export class PhaseReporter {
  readonly #phase: Phase;
  readonly #state: ModelState;
  readonly #listener: Listener;
  readonly #log: MetricsLog;
  readonly #later: number;
  #means = new StepMeans();
  #since: { readonly time: number; readonly seen: number };

  constructor(phase: Phase, { state, listener, log, position }: RunInProgress, later: number) {
    this.#phase = phase;
    this.#state = state;
    this.#listener = listener;
    this.#log = log;
    this.#later = later;
    this.#since = { time: performance.now(), seen: position.seen };
    listener.phase(phase.name, phase.total, position.seen, position.stepsBefore);
  }

  async step({ result, size, gradientNorm, position }: Step): Promise<void> {
    this.#means.add(result, size, gradientNorm);
    this.#listener.examples(size);
    if (isReported(position.step)) await this.#report(position);
  }

  async #report({ step, seen }: Position): Promise<void> {
    const progress = seen / this.#phase.total;
    const now = performance.now();
    const examplesPerSecond = (1000 * (seen - this.#since.seen)) / (now - this.#since.time);
    const report = {
      phase: this.#phase.name,
      step,
      progress,
      ...this.#means.means(),
      learningRate: this.#phase.learningRate(progress),
      lambda: this.#phase.lambda,
      thresholds: currentThresholds(this.#state),
      examplesPerSecond,
      secondsLeft: (this.#phase.total - seen + this.#later) / examplesPerSecond,
    };
    this.#means = new StepMeans();
    this.#since = { time: now, seen };
    this.#listener.step(report);
    await this.#log.append('step', report);
  }

  async evaluation({ step, seen }: Position, evaluation: Evaluation): Promise<void> {
    const { name, prunes, total } = this.#phase;
    // A phase of no epochs is over when it begins.
    const progress = total === 0 ? 1 : seen / total;
    const report = { phase: name, step, progress, pruned: prunes, ...evaluation };
    this.#listener.evaluation(report);
    await this.#log.append('evaluation', report);
  }
}
