/** Learning parity with regular noise over sparse rows, as numbers; and what guesses and linear algebra cost. All costs are log2. */
import type { FerretParameters } from '../../inference/crypto/ot/ferret-parameters.js';

export interface LpnInstance {
  readonly unknowns: number;
  readonly samples: number;
  /** The samples are cut into so many blocks of equal length, each with one noisy sample. */
  readonly blocks: number;
  /** Ones in a row: unknowns of a sample. */
  readonly rowWeight: number;
}

/** Of the kernels' matrices (kernels/src/ot/ferret.h). */
const FERRET_ROW_WEIGHT = 10;

export const instanceOf = ({ depth, logTable, trees }: FerretParameters): LpnInstance => ({
  unknowns: 2 ** logTable,
  samples: trees * 2 ** depth,
  blocks: trees,
  rowWeight: FERRET_ROW_WEIGHT,
});

/** log2 of n over k */
export function logBinomial(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log2((n - k + i) / i);
  return sum;
}

/**
 * Guesses until a share `used` of the samples, equal in all blocks, has exactly `errors` noisy ones. Equal shares are the best
 * for an attacker: -log2(1 - share) is convex.
 */
export const logTries = ({ blocks }: LpnInstance, used: number, errors = 0): number =>
  -logBinomial(blocks, errors) - errors * Math.log2(used) - (blocks - errors) * Math.log2(1 - used);

/** Block Wiedemann on sparse rows, in operations on 64-bit words. */
export const logSparseSolve = (unknowns: number, rowWeight: number): number =>
  Math.log2((2 * rowWeight * unknowns ** 2) / 64);

/** Dense elimination by the method of the four Russians, in operations on 64-bit words. */
export const logDenseSolve = (unknowns: number): number =>
  Math.log2(unknowns ** 3 / (64 * Math.log2(unknowns)));
