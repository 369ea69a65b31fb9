/** The loop of one phase: a step, what the phase makes of it, a report, an evaluation now and then, a checkpoint. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Evaluation } from '../evaluate/evaluation.js';
import type { Phase } from '../phases/phase.js';
import { readBest } from './last-checkpoint.js';
import { PhaseReporter } from './reporter.js';
import type { RunInProgress } from './run-in-progress.js';
import { isExhausted, selectionAfter } from './selection.js';
import { Stepper } from './stepper.js';
import { Watchdog } from './watchdog.js';

export class PhaseLoop {
  readonly #run: RunInProgress;
  readonly #phase: Phase;
  readonly #reporter: PhaseReporter;
  readonly #watchdog: Watchdog;
  readonly #stepper: Stepper;
  #last: { readonly step: number; readonly evaluation: Evaluation } | null = null;

  /** later: examples of the phases after this one */
  constructor(run: RunInProgress, phase: Phase, later: number) {
    this.#run = run;
    this.#phase = phase;
    this.#reporter = new PhaseReporter(phase, run, later);
    const guessing = phase.learnsTask ? this.#guessingLoss() : Number.POSITIVE_INFINITY;
    this.#watchdog = new Watchdog(phase.name, guessing, run.folder.last);
    this.#stepper = new Stepper(run.config, run.prepared, phase, run.optimizer);
  }

  /** Goes on from the run's position to the phase's end; the result is the evaluation of the model that it ends with. */
  async finish(): Promise<Evaluation> {
    try {
      await this.#takeSteps();
      const evaluation = await this.#end();
      this.#run.position = { ...this.#run.position, phaseDone: true };
      await this.#run.writeLast();
      return evaluation;
    } finally {
      this.#stepper.dispose();
    }
  }

  async #takeSteps(): Promise<void> {
    const run = this.#run;
    while (!this.#isDone()) {
      const before = run.position.seen;
      const step = this.#stepper.take(run.position);
      run.position = step.position;
      this.#watchdog.check(step);
      const warning = await this.#phase.afterStep(step);
      if (warning !== null) run.listener.note(warning);
      await run.guarded(() => this.#reporter.step(step));
      if (this.#isEvaluated(before)) await this.#evaluate();
      if (step.step % run.config.checkpointEverySteps === 0) await run.writeLast();
      await nextTurn();
      await run.stopIfRequested();
    }
  }

  #isDone(): boolean {
    const { total, settings } = this.#phase;
    const { seen, step, best } = this.#run.position;
    const isLimited = settings.maxSteps !== null && step >= settings.maxSteps;
    return seen >= total || isLimited || isExhausted(best, this.#run.config);
  }

  /** Whether the last step crossed a place where the model is evaluated; the phase's end is not one of them. */
  #isEvaluated(before: number): boolean {
    const { evaluationsPerEpoch } = this.#run.config;
    const { seen } = this.#run.position;
    if (evaluationsPerEpoch === 0 || seen >= this.#phase.total) return false;
    const interval = this.#phase.examples.length / evaluationsPerEpoch;
    return Math.floor(before / interval) !== Math.floor(seen / interval);
  }

  async #evaluate(): Promise<Evaluation> {
    const run = this.#run;
    const { step, seen, best } = run.position;
    const evaluation = await run.evaluate(this.#phase);
    this.#last = { step, evaluation };
    await run.guarded(() => this.#reporter.evaluation(run.position, evaluation));
    if (!this.#phase.isSelectable(seen / this.#phase.total)) return evaluation;
    const next = selectionAfter(best, step, evaluation, run.prepared.task.metrics);
    run.position = { ...run.position, best: next };
    if (run.config.select === 'best' && next.since === 0)
      await run.guarded(() => run.folder.writeModel(run.folder.best, run.state));
    return evaluation;
  }

  /** The last evaluation, after going back to the best model where that is wanted. */
  async #end(): Promise<Evaluation> {
    const run = this.#run;
    const isFresh = this.#last?.step === run.position.step;
    const last = isFresh ? this.#last!.evaluation : await this.#evaluate();
    const { best, step } = run.position;
    if (run.config.select !== 'best' || best === null || best.step === step) return last;
    await readBest(run.folder.best, run.state);
    run.listener.note(`${this.#phase.name} phase: going back to step ${best.step}, the best on the dev set`);
    const evaluation = await run.evaluate(this.#phase);
    await run.guarded(() => this.#reporter.evaluation({ ...run.position, step: best.step }, evaluation));
    return evaluation;
  }

  /** In units of the numbers' variance it is 1 for a regression. */
  #guessingLoss(): number {
    const { problem, labels } = this.#run.state.config;
    return problem === 'regression' ? 1 : Math.log(labels.length);
  }
}
