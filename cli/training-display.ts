/** Shows a training run on standard error: a bar on a terminal, and a line for every evaluation. */
import { hasMasks, type PhaseName } from '../config/schema.js';
import { warningsOf } from '../data/metrics/scores.js';
import type { EvaluationReport, Listener, StepReport } from '../training/loop/progress.js';
import { duration } from '../util/duration.js';
import { note } from '../util/note.js';
import { type Progress, progressBar } from './output.js';
import { QuietLines, WorkDisplay } from './work-display.js';

export interface TrainingDisplay extends Listener {
  stop(): void;
}

const shares = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(' ');

const describeStep = (report: StepReport): string => {
  const { loss, accuracy, kept, phase, learningRate, examplesPerSecond, secondsLeft } = report;
  const right = accuracy === null ? '' : `  accuracy ${accuracy.toFixed(3)}`;
  const tokens = hasMasks(phase) ? `  kept ${shares(kept)}` : '';
  const rate = `rate ${learningRate.toExponential(1)}`;
  return `loss ${loss.toFixed(3)}${right}${tokens}  ${rate}  ${Math.round(examplesPerSecond)} examples/s  about ${duration(secondsLeft)} left`;
};

const describeEvaluation = (report: EvaluationReport): string => {
  const { phase, step, metrics, interval, classes, loss, keptRatio, importantRatio, meanKeptRatio, pruned } =
    report;
  const range = interval ? ` (95%: ${interval.map((end) => end.toFixed(3)).join(' to ')})` : '';
  const scores = Object.entries(metrics).map(
    ([name, value], at) => `${name} ${value?.toFixed(4)}${at === 0 ? range : ''}`,
  );
  if (classes) scores.push(`most frequent class alone ${classes.majorityShare.toFixed(4)}`);
  const tokens = pruned
    ? `; kept ${shares(keptRatio)} (mean ${meanKeptRatio.toFixed(3)}), important ${shares(importantRatio)}`
    : '';
  return `${phase} phase, step ${step}: dev ${scores.join(', ')}, loss ${loss.toFixed(4)}${tokens}`;
};

class Display implements TrainingDisplay {
  readonly #lines = new QuietLines();
  readonly #work = new WorkDisplay();
  #bar: Progress | null = null;
  #details = '';

  note = (line: string): void => note(line);

  work(what: string, done: number, examples: number): void {
    this.#work.show(what, done, examples);
  }

  phase(name: PhaseName, examples: number, done: number): void {
    this.#work.stop();
    this.#bar?.stop();
    this.#details = '';
    this.#bar = progressBar(`${name} phase`, examples);
    if (done > 0) this.#bar.advance(done);
  }

  examples(count: number): void {
    this.#bar?.advance(count, this.#details);
  }

  step(report: StepReport): void {
    this.#details = describeStep(report);
    if (!this.#lines.isDue()) return;
    note(
      `${report.phase} phase ${(100 * report.progress).toFixed(1)}%, step ${report.step}: ${this.#details}`,
    );
  }

  evaluation(report: EvaluationReport): void {
    note(describeEvaluation(report));
    // Soft masks stand for no model that anyone would run, nor layers whose answers nobody looked at.
    if (report.phase !== 'soft' && report.phase !== 'layers')
      for (const warning of warningsOf(report)) note(warning);
  }

  stop(): void {
    this.#work.stop();
    this.#bar?.stop();
  }
}

export const trainingDisplay = (): TrainingDisplay => new Display();
