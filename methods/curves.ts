/** Functions of one variable in float, as training evaluates them: exact ones, and piecewise polynomials raised to powers. */
import type { Activation, HeadActivation } from '../model/config.js';

/** Σ_k segment[k] x^k between the bounds, squared `squarings` times. */
export interface Piecewise {
  readonly kind: 'polynomial';
  readonly squarings: number;
  readonly bounds: readonly number[];
  /** Per segment, lowest power first. */
  readonly segments: readonly (readonly number[])[];
}

export interface ExactFunction {
  readonly kind: 'exact';
  readonly name: 'gelu' | 'exp' | 'tanh' | 'gelu-tanh';
}

export type Curve = Piecewise | ExactFunction;

/** Which functions an encoder uses: exact ones (pretraining's, parity tests) or those of a method. */
export interface CurveSet {
  readonly expHigh: Curve;
  readonly expLow: Curve;
  /** Of the feed-forward layers: for important tokens, and for the others. */
  readonly activation: Readonly<Record<Activation, { readonly high: Curve; readonly low: Curve }>>;
  readonly head: Readonly<Record<HeadActivation, Curve>>;
}

export const RELU: Piecewise = { kind: 'polynomial', squarings: 0, bounds: [0], segments: [[0], [0, 1]] };

const exact = (name: ExactFunction['name']): ExactFunction => ({ kind: 'exact', name });
const [EXACT_GELU, EXACT_EXP, EXACT_TANH] = [exact('gelu'), exact('exp'), exact('tanh')];
const EXACT_GELU_TANH = exact('gelu-tanh');

export const exactCurves: CurveSet = {
  expHigh: EXACT_EXP,
  expLow: EXACT_EXP,
  activation: {
    gelu: { high: EXACT_GELU, low: EXACT_GELU },
    'gelu-tanh': { high: EXACT_GELU_TANH, low: EXACT_GELU_TANH },
    relu: { high: RELU, low: RELU },
  },
  head: { tanh: EXACT_TANH, gelu: EXACT_GELU, relu: RELU },
};
