/**
 * Seeds of everything in a run that is left to chance, each with a number of its own, so that one more draw in one place changes
 * nothing in another. The numbers are part of what makes a run repeatable: they stay as they are.
 */
import type { PhaseName } from '../config/schema.js';

const PURPOSES = {
  weights: 1,
  thresholds: 2,
  order: 3,
  dropout: 4,
  calibration: 5,
  furtherTexts: 6,
} as const;

const PHASE_NUMBERS: Readonly<Record<PhaseName, number>> = {
  dense: 0,
  soft: 1,
  hard: 2,
  layers: 3,
  answers: 4,
};

/** Mixes numbers into one, so that neighbouring ones give unrelated seeds. */
function mixSeeds(...parts: readonly number[]): number {
  let state = 0x811c9dc5;
  for (const part of parts) {
    state = Math.imul(state ^ (part >>> 0), 0x01000193);
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  }
  return (state ^ (state >>> 13)) >>> 0;
}

/** Weights that no checkpoint gives. */
export const weightSeed = (seed: number): number => mixSeeds(seed, PURPOSES.weights);

/** Which training texts give the first thresholds. */
export const thresholdSeed = (seed: number): number => mixSeeds(seed, PURPOSES.thresholds);

/** The order of the batches of one epoch. */
export const orderSeed = (seed: number, phase: PhaseName, epoch: number): number =>
  mixSeeds(seed, PURPOSES.order, PHASE_NUMBERS[phase], epoch);

/** What dropout leaves out in one batch; `part` counts the batches of one step. */
export const dropoutSeed = (seed: number, step: number, part: number): number =>
  mixSeeds(seed, PURPOSES.dropout, step, part);

/** Which training texts ranges are measured on. */
export const calibrationSeed = (seed: number): number => mixSeeds(seed, PURPOSES.calibration);

/** Further texts: the same for every seed of a run, so that a teacher's kept logits serve all of them. */
export const FURTHER_TEXTS_SEED = mixSeeds(0, PURPOSES.furtherTexts);
