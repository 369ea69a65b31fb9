/** What a run will do and about how long, before it does it: `--dry-run`. */
import { availableParallelism } from 'node:os';
import { kernels } from '#kernels';
import { hasMasks, type PhaseName, type RunConfig } from '../../config/schema.js';
import { predict } from '../evaluate/predict.js';
import { weightTensors } from '../network/model-state.js';
import { epochsOf, phaseNames } from '../phases/epochs.js';
import { orderSeed } from '../seeds.js';
import { type EncodedExample, epochBatches, makeBatch } from './batches.js';
import type { PreparedRun } from './prepare.js';
import { trainingStep } from './step.js';
import type { PhasePlan, TrainingPlan } from './training-plan.js';

const TIMED_STEPS = 3;

const tokensOf = (examples: readonly EncodedExample[]): number =>
  examples.reduce((sum, { ids }) => sum + ids.length, 0);

/** Seconds that a token costs. */
interface Pace {
  readonly step: number;
  readonly answer: number;
}

/** By batches of middle length, the first of them to warm up. */
async function paceOf(
  config: RunConfig,
  { state, labelSpread }: PreparedRun,
  groups: readonly EncodedExample[][],
): Promise<Pace> {
  kernels.setFloatThreads(config.batch.workers ?? availableParallelism());
  const sorted = [...groups].sort((a, b) => tokensOf(a) - tokensOf(b));
  const from = Math.max(0, Math.floor((sorted.length - TIMED_STEPS) / 2));
  const timed = sorted.slice(from, from + TIMED_STEPS);
  const weights = weightTensors(state);
  const { dropout, attentionDropout, freezeEmbeddings } = config.model;
  const { precision } = config;
  const takeStep = (group: EncodedExample[]): void => {
    const rates = { hidden: dropout, attention: attentionDropout, seed: 1 };
    const options = { masks: { mode: 'none' as const }, dropout: rates, distillation: null, labelSpread };
    const rest = { freezeEmbeddings, precision };
    trainingStep(state, weights, makeBatch(group), { ...options, ...rest }, () => undefined);
  };
  const perToken = async (run: (group: EncodedExample[]) => unknown): Promise<number> => {
    await run(timed[0]!);
    const start = performance.now();
    for (const group of timed) await run(group);
    return (performance.now() - start) / 1000 / tokensOf(timed.flat());
  };
  try {
    return {
      step: await perToken(takeStep),
      answer: await perToken((group) => predict(state, group, { prune: false, precision })),
    };
  } finally {
    weights.dispose();
  }
}

/** Teachers that answer the texts before a phase's first step. */
function teachersBefore(phase: PhaseName, phases: readonly PhaseName[], run: RunConfig): number {
  const { weight, teachers } = run.distillation;
  if (phase === 'answers') return 1;
  return weight > 0 && phase === phases.find(hasMasks) ? Math.max(1, teachers.length) : 0;
}

/** Counts the steps of every phase and times a few; nothing is changed, and nothing is written. */
export async function planOf(config: RunConfig, prepared: PreparedRun): Promise<TrainingPlan> {
  const { train, unlabelled, dev } = prepared;
  const groups = epochBatches(train, config.batch, orderSeed(config.seed, 'dense', 0));
  const pace = await paceOf(config, prepared, groups);
  const perStep = (train.length / groups.length) * config.batch.accumulation;
  const [labelledTokens, furtherTokens] = [tokensOf(train), tokensOf(unlabelled)];
  const names = phaseNames(config);
  const phases = names.map((phase): PhasePlan => {
    const epochs = epochsOf(config, phase);
    const { maxSteps } = config.phases[phase];
    const examples = train.length + (hasMasks(phase) ? unlabelled.length : 0);
    const all = Math.ceil((epochs * examples) / perStep);
    const steps = maxSteps === null ? all : Math.min(all, maxSteps);
    const tokens = epochs * (labelledTokens + (hasMasks(phase) ? furtherTokens : 0));
    // A fine-tuned model that is followed has answered already.
    const teachers = prepared.teacher ? 0 : teachersBefore(phase, names, config);
    const answering = teachers * (labelledTokens + furtherTokens) * pace.answer;
    return {
      phase,
      epochs,
      examples,
      steps,
      answers: teachers * (train.length + unlabelled.length),
      seconds: answering + (all === 0 ? 0 : steps / all) * tokens * pace.step,
    };
  });
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return { phases, trainingExamples: train.length, developmentExamples: dev.length, seconds };
}
