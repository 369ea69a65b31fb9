import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { useBackend } from '../../../training/backend/setup.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import type { EvaluationReport, Listener, StepReport } from '../../../training/loop/progress.js';
import type { StopRequest } from '../../../training/loop/run-in-progress.js';
import { Trainer } from '../../../training/loop/trainer.js';

/** A tiny run on generated sentences, as a configuration file would say it. */
export const literal = (changes: Record<string, unknown> = {}) => ({
  name: 'test',
  task: 'sst2',
  model: {
    architecture: {
      layers: 3,
      heads: 2,
      hiddenSize: 32,
      intermediateSize: 64,
      maxPositions: 48,
      initializerRange: 0.1,
    },
    tokenizer: { source: 'learned', vocabularySize: 300 },
    maxTokens: 40,
    dropout: 0.05,
    attentionDropout: 0.05,
  },
  data: { source: 'synthetic', syntheticTrain: 2400, syntheticDev: 200 },
  batch: { tokens: 1024, examples: 48 },
  phases: {
    dense: { epochs: 5, learningRate: 4e-3 },
    soft: { epochs: 1, learningRate: 2e-3, thresholdLearningRate: 0.04 },
    hard: { epochs: 1, learningRate: 2e-3 },
  },
  masks: { temperature: { value: 0.5, final: 0.1 }, keep: 0.5 },
  ...changes,
});

/** Changes that leave the dense phase alone, on few sentences. */
export const denseOnly = {
  phases: { dense: { epochs: 0.6, learningRate: 4e-3 }, soft: { epochs: 0 }, hard: { epochs: 0 } },
  data: { source: 'synthetic', syntheticTrain: 400, syntheticDev: 20 },
  masks: { mode: 'none' },
};

/** Keeps what a run reports; counts its steps. */
export class Recorder implements Listener {
  readonly steps: StepReport[] = [];
  readonly evaluations: EvaluationReport[] = [];
  readonly notes: string[] = [];
  /** What was computed before phases, and of how many examples at last. */
  readonly works = new Map<string, number>();
  /** Phases with the steps before each. */
  readonly phases: [name: string, stepsBefore: number][] = [];
  seen = 0;
  constructor(private readonly onStep: (count: number) => void = () => undefined) {}
  note(text: string): void {
    this.notes.push(text);
  }
  work(what: string, done: number): void {
    this.works.set(what, done);
  }
  phase(name: string, _examples: number, _done: number, stepsBefore: number): void {
    this.phases.push([name, stepsBefore]);
  }
  examples(): void {
    this.onStep(++this.seen);
  }
  step(report: StepReport): void {
    this.steps.push(report);
  }
  evaluation(report: EvaluationReport): void {
    this.evaluations.push(report);
  }
}

async function train(
  folder: string,
  name: string,
  changes: Record<string, unknown>,
  options: { resume?: boolean; stopAfter?: number } = {},
) {
  const config = parseRunConfig(literal(changes), 'test');
  const stop: StopRequest = { requested: false };
  const recorder = new Recorder((count) => {
    if (count === options.stopAfter) stop.requested = true;
  });
  const trainer = new Trainer(config, await prepareRun(config), join(folder, name), recorder, stop);
  const evaluation = await trainer.run({
    resume: options.resume ?? false,
    overwrite: options.resume !== true,
  });
  return { evaluation, recorder, config };
}

/** A folder of tiny runs that lasts as long as the test file. */
export function temporaryRuns() {
  let folder = '';
  beforeAll(async () => {
    await useBackend('native');
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-train-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    inFolder: (...path: string[]) => join(folder, ...path),
    /** Trains the run `name`. stopAfter: as Ctrl-C would after so many steps. */
    train: (
      name: string,
      changes: Record<string, unknown>,
      options?: { resume?: boolean; stopAfter?: number },
    ) => train(folder, name, changes, options),
    /** The weights of a run's result, or of its dense model. */
    weights: async (name: string, model: 'final' | 'dense' = 'final') =>
      (await readCheckpoint(join(folder, name, model))).tensors,
  };
}
