/** What a run will do and about how long, before it does it: `--dry-run`. */
import { availableParallelism } from 'node:os';
import { kernels } from '#kernels';
import { hasMasks, type RunConfig } from '../../config/schema.js';
import { weightTensors } from '../network/model-state.js';
import { epochsOf, phaseNames } from '../phases/epochs.js';
import { orderSeed } from '../seeds.js';
import { type EncodedExample, epochBatches, makeBatch } from './batches.js';
import type { PreparedRun } from './prepare.js';
import { trainingStep } from './step.js';
import type { PhasePlan, TrainingPlan } from './training-plan.js';

const TIMED_STEPS = 3;

/** Seconds that one example costs: batches of middle length, the first of them to warm up. */
function secondsPerExample(
  config: RunConfig,
  { state, labelSpread }: PreparedRun,
  groups: EncodedExample[][],
): number {
  kernels.setFloatThreads(config.batch.workers ?? availableParallelism());
  const tokens = (group: EncodedExample[]): number => group.reduce((sum, { ids }) => sum + ids.length, 0);
  const sorted = [...groups].sort((a, b) => tokens(a) - tokens(b));
  const from = Math.max(0, Math.floor((sorted.length - TIMED_STEPS) / 2));
  const timed = sorted.slice(from, from + TIMED_STEPS);
  const weights = weightTensors(state);
  const { dropout, attentionDropout, freezeEmbeddings } = config.model;
  const run = (group: EncodedExample[]): void => {
    const rates = { hidden: dropout, attention: attentionDropout, seed: 1 };
    const options = { masks: { mode: 'none' as const }, dropout: rates, distillation: null, labelSpread };
    const rest = { freezeEmbeddings, precision: config.precision };
    trainingStep(state, weights, makeBatch(group), { ...options, ...rest }, () => undefined);
  };
  run(timed[0]!);
  const start = performance.now();
  for (const group of timed) run(group);
  const seconds = (performance.now() - start) / 1000;
  weights.dispose();
  return seconds / timed.reduce((sum, group) => sum + group.length, 0);
}

/** Counts the steps of every phase and times a few; nothing is changed, and nothing is written. */
export function planOf(config: RunConfig, prepared: PreparedRun): TrainingPlan {
  const { train, unlabelled, dev } = prepared;
  const groups = epochBatches(train, config.batch, orderSeed(config.seed, 'dense', 0));
  const perExample = secondsPerExample(config, prepared, groups);
  const perStep = (train.length / groups.length) * config.batch.accumulation;
  const phases = phaseNames(config).map((phase): PhasePlan => {
    const epochs = epochsOf(config, phase);
    const { maxSteps } = config.phases[phase];
    const examples = train.length + (hasMasks(phase) ? unlabelled.length : 0);
    const all = Math.ceil((epochs * examples) / perStep);
    const steps = maxSteps === null ? all : Math.min(all, maxSteps);
    return { phase, epochs, examples, steps, seconds: steps * perStep * perExample };
  });
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return { phases, trainingExamples: train.length, developmentExamples: dev.length, seconds };
}
