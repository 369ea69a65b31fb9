/** Shows a training run on standard error: a bar on a terminal, and a line for every evaluation. */
import type { PhaseName } from '../config/schema.js';
import type { EvaluationReport, Listener, StepReport } from '../training/loop/progress.js';
import { note } from '../util/note.js';
import { type Progress, progressBar } from './output.js';

export interface TrainingDisplay extends Listener {
  stop(): void;
}

const shares = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(' ');

const describeStep = ({ loss, accuracy, kept, phase, examplesPerSecond }: StepReport): string => {
  const right = accuracy === null ? '' : `  accuracy ${accuracy.toFixed(3)}`;
  const tokens = phase === 'dense' ? '' : `  kept ${shares(kept)}`;
  return `loss ${loss.toFixed(3)}${right}${tokens}  ${Math.round(examplesPerSecond)} examples/s`;
};

const describeEvaluation = (report: EvaluationReport): string => {
  const { phase, step, metrics, loss, keptRatio, importantRatio, meanKeptRatio, pruned } = report;
  const scores = Object.entries(metrics).map(([name, value]) => `${name} ${value?.toFixed(4)}`);
  const tokens = pruned
    ? `; kept ${shares(keptRatio)} (mean ${meanKeptRatio.toFixed(3)}), important ${shares(importantRatio)}`
    : '';
  return `${phase} phase, step ${step}: dev ${scores.join(', ')}, loss ${loss.toFixed(4)}${tokens}`;
};

/** Between lines where there is no bar. */
const quietMilliseconds = 15_000;

class Display implements TrainingDisplay {
  private bar: Progress | null = null;
  private details = '';
  private lastLine = 0;

  note = (line: string): void => note(line);

  phase(name: PhaseName, examples: number, done: number): void {
    this.bar?.stop();
    this.details = '';
    this.bar = progressBar(`${name} phase`, examples);
    if (done > 0) this.bar.advance(done);
  }

  examples(count: number): void {
    this.bar?.advance(count, this.details);
  }

  step(report: StepReport): void {
    this.details = describeStep(report);
    if (process.stderr.isTTY || Date.now() - this.lastLine < quietMilliseconds) return;
    this.lastLine = Date.now();
    note(
      `${report.phase} phase ${(100 * report.progress).toFixed(1)}%, step ${report.step}: ${this.details}`,
    );
  }

  evaluation(report: EvaluationReport): void {
    note(describeEvaluation(report));
  }

  stop(): void {
    this.bar?.stop();
  }
}

export const trainingDisplay = (): TrainingDisplay => new Display();
