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

/** What is done to a row's logits before exp, or what stands in its place. */
export type RowShift = 'less the maximum' | 'less the mean' | 'as they are';

export const LESS_MAXIMUM = { high: 'less the maximum', low: 'less the maximum' } as const;

/** Which functions an encoder uses: exact ones (pretraining's, parity tests) or those of a method. */
export interface CurveSet {
  /** What exp gets. */
  readonly softmax: { readonly high: RowShift; readonly low: RowShift };
  readonly expHigh: Curve;
  readonly expLow: Curve;
  /**
   * Where tokens are scored by how often the largest logit of a row has to be halved to be theirs, -⌊(max - s) / ln 2⌋ summed over heads
   * and rows, which counts no further than one more than this; absent: by the attention that they receive.
   */
  readonly mostHalvings?: number;
  /** Of the feed-forward layers: for important tokens, and for the others. */
  readonly activation: Readonly<Record<Activation, { readonly high: Curve; readonly low: Curve }>>;
  readonly head: Readonly<Record<HeadActivation, Curve>>;
}

export const RELU: Piecewise = { kind: 'polynomial', squarings: 0, bounds: [0], segments: [[0], [0, 1]] };

const exact = (name: ExactFunction['name']): ExactFunction => ({ kind: 'exact', name });
const [EXACT_GELU, EXACT_EXP, EXACT_TANH] = [exact('gelu'), exact('exp'), exact('tanh')];
const EXACT_GELU_TANH = exact('gelu-tanh');

export const exactCurves: CurveSet = {
  softmax: LESS_MAXIMUM,
  expHigh: EXACT_EXP,
  expLow: EXACT_EXP,
  activation: {
    gelu: { high: EXACT_GELU, low: EXACT_GELU },
    'gelu-tanh': { high: EXACT_GELU_TANH, low: EXACT_GELU_TANH },
    relu: { high: RELU, low: RELU },
  },
  head: { tanh: EXACT_TANH, gelu: EXACT_GELU, relu: RELU },
};
