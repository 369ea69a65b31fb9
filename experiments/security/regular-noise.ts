/**
 * The algebraic attack on regular noise with guesses (Briaud and Øygarden, EUROCRYPT 2023): within a block any two noise bits
 * multiply to zero, and a block's bits add up to one. Guessing that some samples of each block are free of noise shortens the
 * blocks until the equations of a small degree determine everything. Degree 1 is Prange's attack with the blocks' sums.
 */
import { type LpnInstance, logBinomial, logSparseSolve } from './lpn-instance.js';

const MOST_DEGREE = 7;

/** Of (1 + a z)^n, up to z^MOST_DEGREE; n may be negative. */
function binomialSeries(a: bigint, n: bigint): bigint[] {
  const series = [1n];
  for (let j = 1n; j <= MOST_DEGREE; j++) series.push((series.at(-1)! * a * (n - j + 1n)) / j);
  return series;
}

const coefficient = (x: readonly bigint[], y: readonly bigint[], degree: number): bigint =>
  Array.from({ length: degree + 1 }, (_, i) => x[i]! * y[degree - i]!).reduce((sum, each) => sum + each, 0n);

interface Guessed {
  readonly blocks: number;
  readonly blockLength: number;
  readonly unknowns: number;
}

/**
 * Do the equations up to `degree` leave nothing free? Where the coefficient of the Hilbert series is no longer positive:
 * (1 + (B - 1) z)^blocks / (1 + z)^m, m the linear equations among the noise bits after the blocks' sums.
 */
function isDetermined({ blocks, blockLength, unknowns }: Guessed, degree: number): boolean {
  const free = unknowns - blocks;
  if (free <= 0) return true;
  const equations = blocks * (blockLength - 1) - free;
  const structure = binomialSeries(BigInt(blockLength - 1), BigInt(blocks));
  return coefficient(structure, binomialSeries(1n, BigInt(-equations)), degree) <= 0n;
}

/** log2 of the cheapest choice of degree and guesses; optimistic: the square of the monomials in the free unknowns only. */
export function logAlgebraic({ unknowns, samples, blocks, rowWeight }: LpnInstance): number {
  const blockLength = Math.floor(samples / blocks);
  const after = (guessed: number): Guessed => ({
    blocks,
    blockLength: blockLength - guessed,
    unknowns: unknowns - blocks * guessed,
  });
  const costs = Array.from({ length: MOST_DEGREE }, (_, index) => {
    const degree = index + 1;
    let [low, high] = [0, blockLength - 2];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isDetermined(after(middle), degree)) high = middle;
      else low = middle + 1;
    }
    const free = Math.max(degree, after(low).unknowns - blocks);
    const solve = degree === 1 ? logSparseSolve(unknowns, rowWeight) : 2 * logBinomial(free, degree);
    return -blocks * Math.log2(1 - low / blockLength) + solve;
  });
  return Math.min(...costs);
}
