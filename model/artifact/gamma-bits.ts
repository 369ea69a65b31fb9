/** How large the factors of LayerNorm are: public, so that no bit is spent on numbers that a model does not have. */

/** Where an artifact says nothing: below 8. */
export const USUAL_GAMMA_BITS = 3;

/** Part of the bound that rounding to LayerNorm's own bits may take. */
const MARGIN = 2 ** -12;

export const gammaFits = (gamma: Float64Array, bits: number): boolean =>
  gamma.every((value) => Math.abs(value) < 2 ** bits * (1 - MARGIN));

/** The least whole number n, from 0 on, with every number below 2^n in magnitude, also when it is rounded. */
export function gammaBitsOf(gammas: readonly Float64Array[]): number {
  const largest = gammas.map((gamma) => gamma.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return Math.max(0, Math.floor(Math.log2(Math.max(...largest) / (1 - MARGIN))) + 1);
}
