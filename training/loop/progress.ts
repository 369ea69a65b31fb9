/** What a run tells while it goes: to a progress bar, and to metrics.jsonl. */
import { existsSync } from 'node:fs';
import { appendFile, open, stat, truncate } from 'node:fs/promises';
import type { PhaseName } from '../../config/schema.js';
import type { Evaluation } from '../evaluate/evaluation.js';

/** Means over the steps since the last report. */
export interface StepReport {
  readonly phase: PhaseName;
  readonly step: number;
  /** 0-1 within the phase. */
  readonly progress: number;
  readonly loss: number;
  readonly taskLoss: number;
  /** Null for a regression. */
  readonly accuracy: number | null;
  readonly kept: readonly number[];
  readonly important: readonly number[];
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly lambda: number | null;
  /** On n·S, per pruning layer; null in the dense phase. */
  readonly thresholds: readonly { prune: number; reduce: number }[] | null;
  readonly examplesPerSecond: number;
  /** Of all phases, at the rate of the last steps, evaluations not counted. */
  readonly secondsLeft: number;
}

export interface EvaluationReport extends Evaluation {
  readonly phase: PhaseName;
  readonly step: number;
  readonly progress: number;
  /** False for the model without masks. */
  readonly pruned: boolean;
}

export interface Listener {
  note(line: string): void;
  /** Before a phase's first step: what is computed of so many examples, and of how many of them it is. */
  work(what: string, done: number, examples: number): void;
  /** A phase begins (or goes on) with so many examples to see, after so many steps of the phases before it. */
  phase(name: PhaseName, examples: number, done: number, stepsBefore: number): void;
  /** After every step: examples of it. */
  examples(count: number): void;
  step(report: StepReport): void;
  evaluation(report: EvaluationReport): void;
}

/** Mean of what steps report. */
export class StepMeans {
  #examples = 0;
  #labelled = 0;
  #steps = 0;
  #isCounted = true;
  readonly #sums = { loss: 0, taskLoss: 0, correct: 0, gradientNorm: 0 };
  #kept: number[] = [];
  #important: number[] = [];

  add(
    step: {
      loss: number;
      taskLoss: number;
      labelled: number;
      correct: number | null;
      kept: readonly number[];
      important: readonly number[];
    },
    size: number,
    gradientNorm: number,
  ): void {
    this.#steps++;
    this.#examples += size;
    this.#sums.loss += step.loss * size;
    this.#labelled += step.labelled;
    this.#sums.taskLoss += step.taskLoss * step.labelled;
    if (step.correct === null) this.#isCounted = false;
    else this.#sums.correct += step.correct;
    this.#sums.gradientNorm += gradientNorm;
    this.#kept = step.kept.map((share, i) => (this.#kept[i] ?? 0) + share * size);
    this.#important = step.important.map((share, i) => (this.#important[i] ?? 0) + share * size);
  }

  means() {
    const n = Math.max(1, this.#examples);
    const labelled = Math.max(1, this.#labelled);
    return {
      loss: this.#sums.loss / n,
      taskLoss: this.#sums.taskLoss / labelled,
      accuracy: this.#isCounted ? this.#sums.correct / labelled : null,
      gradientNorm: this.#sums.gradientNorm / Math.max(1, this.#steps),
      kept: this.#kept.map((x) => x / n),
      important: this.#important.map((x) => x / n),
    };
  }
}

const sizeOf = async (path: string): Promise<number> => (existsSync(path) ? (await stat(path)).size : 0);

/** Whether a line is cut off there: not at the beginning, nor behind a line's end. */
async function isWithinLine(path: string, at: number): Promise<boolean> {
  if (at === 0) return false;
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at - 1);
    return buffer.toString() !== '\n';
  } finally {
    await file.close();
  }
}

/** Appends lines of JSON to a file. */
export class MetricsLog {
  readonly #file: string;
  #isBegun = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** How long the file is. */
  bytes(): Promise<number> {
    return sizeOf(this.#file);
  }

  /** Drops what was written after the file had so many bytes; nothing of a file that is shorter, or another one. */
  async cutTo(bytes: number): Promise<void> {
    if ((await this.bytes()) > bytes && !(await isWithinLine(this.#file, bytes)))
      await truncate(this.#file, bytes);
  }

  async append(event: string, values: object): Promise<void> {
    // What a process that was killed wrote of its last line must not swallow the next one.
    const isCutOff = !this.#isBegun && (await isWithinLine(this.#file, await this.bytes()));
    const before = isCutOff ? '\n' : '';
    this.#isBegun = true;
    await appendFile(this.#file, `${before}${JSON.stringify({ event, ...values })}\n`);
  }
}
