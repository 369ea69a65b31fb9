/** Shows a training run on standard error: a bar on a terminal, and a line for every evaluation. */
import { hasMasks, type PhaseName } from '../config/schema.js';
import { warningsOf } from '../data/metrics/scores.js';
import type { EvaluationReport, Listener, StepReport } from '../training/loop/progress.js';
import { duration } from '../util/duration.js';
import { note } from '../util/note.js';
import { type Progress, progressBar } from './output.js';

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

/** Between lines where there is no bar. */
const QUIET_MILLISECONDS = 15_000;

/** What is computed before a phase's first step. */
interface Work {
  readonly what: string;
  readonly since: number;
  done: number;
}

class Display implements TrainingDisplay {
  #bar: Progress | null = null;
  #work: Work | null = null;
  #details = '';
  #lastLine = 0;

  note = (line: string): void => note(line);

  work(what: string, done: number, examples: number): void {
    if (this.#work?.what !== what) {
      this.#bar?.stop();
      this.#bar = progressBar(what, examples);
      this.#work = { what, since: Date.now(), done: 0 };
    }
    const work = this.#work;
    this.#bar?.advance(done - work.done);
    work.done = done;
    if (!this.#isTimeForLine()) return;
    const left = ((Date.now() - work.since) / 1000) * (examples / done - 1);
    note(
      `${what}: ${((100 * done) / examples).toFixed(0)}% of ${examples} texts  about ${duration(left)} left`,
    );
  }

  phase(name: PhaseName, examples: number, done: number): void {
    this.#bar?.stop();
    this.#work = null;
    this.#details = '';
    this.#bar = progressBar(`${name} phase`, examples);
    if (done > 0) this.#bar.advance(done);
  }

  examples(count: number): void {
    this.#bar?.advance(count, this.#details);
  }

  step(report: StepReport): void {
    this.#details = describeStep(report);
    if (!this.#isTimeForLine()) return;
    note(
      `${report.phase} phase ${(100 * report.progress).toFixed(1)}%, step ${report.step}: ${this.#details}`,
    );
  }

  /** Where there is no bar, and the last line is some time ago. */
  #isTimeForLine(): boolean {
    if (process.stderr.isTTY || Date.now() - this.#lastLine < QUIET_MILLISECONDS) return false;
    this.#lastLine = Date.now();
    return true;
  }

  evaluation(report: EvaluationReport): void {
    note(describeEvaluation(report));
    // Soft masks stand for no model that anyone would run, nor layers whose answers nobody looked at.
    if (report.phase !== 'soft' && report.phase !== 'layers')
      for (const warning of warningsOf(report)) note(warning);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

export const trainingDisplay = (): TrainingDisplay => new Display();
