/**
 * What the known attacks on learning parity with regular noise and sparse rows cost, as log2 of operations; each estimate leans to
 * the attacker's side. docs/reference/security-parameters.md has the table and says what is behind each.
 */
import { greedySubset, randomSubset, type Subset, smallestSubset } from './dense-subset.js';
import { type LpnInstance, logBinomial, logDenseSolve, logSparseSolve, logTries } from './lpn-instance.js';
import { logAlgebraic } from './regular-noise.js';

const MOST_ERRORS = 24;

export interface AttackCost {
  readonly attack: string;
  readonly bits: number;
}

/** All noise-free or nothing: guess, solve the sparse system. */
const prange = (instance: LpnInstance, { unknowns, samples }: Subset): number =>
  logTries(instance, samples) + logSparseSolve(unknowns * instance.unknowns, instance.rowWeight);

/**
 * Allows errors among the samples used and finds them by meeting in the middle (Stern, 1988): an elimination a guess, and the
 * square root of the patterns. Optimistic: collisions cost nothing.
 */
function stern(instance: LpnInstance, { unknowns, samples }: Subset): number {
  const dimension = unknowns * instance.unknowns;
  const blockSamples = (samples * instance.samples) / instance.blocks;
  const costs = Array.from({ length: MOST_ERRORS }, (_, index) => {
    const errors = index + 1;
    const patterns = logBinomial(instance.blocks, errors) + errors * Math.log2(blockSamples);
    return logTries(instance, samples, errors) + Math.max(logDenseSolve(dimension), patterns / 2);
  });
  return Math.min(...costs);
}

const bySubset = (instance: LpnInstance, name: string, subset: Subset): AttackCost[] => [
  { attack: `${name}, free of noise`, bits: prange(instance, subset) },
  { attack: `${name}, with errors`, bits: stern(instance, subset) },
];

/** Sums of samples from which all unknowns cancel, as elimination within the smallest subset finds them: so many have the bias
 * (1 - 2/B)^weight, whose inverse square is the number of them that it takes. */
function linearTest(instance: LpnInstance): number {
  const weight = (smallestSubset(instance).unknowns * instance.unknowns) / 2;
  return -2 * weight * Math.log2(1 - (2 * instance.blocks) / instance.samples);
}

/** Attacks with closed formulas: instant. */
export function closedCosts(instance: LpnInstance): readonly AttackCost[] {
  const { unknowns, samples, blocks } = instance;
  const whole: Subset = { unknowns: 1, samples: (unknowns - blocks) / samples };
  return [
    ...bySubset(instance, 'all unknowns', whole),
    ...bySubset(instance, 'random subset of unknowns', randomSubset(instance)),
    ...bySubset(instance, 'smallest subset that exists', smallestSubset(instance)),
    { attack: 'algebraic, with guesses', bits: logAlgebraic(instance) },
    { attack: 'sums without unknowns', bits: linearTest(instance) },
  ];
}

/** Those of a greedily chosen subset: by simulation, or of the shares that one had. */
export const greedyCosts = (instance: LpnInstance, subset = greedySubset(instance)): readonly AttackCost[] =>
  bySubset(instance, 'greedy subset of unknowns', subset);
