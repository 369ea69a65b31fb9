/**
 * The encoder's functions of one variable as the float kernels take them (kernels/types/float.ts). The polynomials are
 * model/approximations.ts rewritten as pieces in powers of x: the very same functions that the secure engine evaluates.
 */
import {
  type ExpApproximation,
  expHigh,
  expLow,
  type GeluApproximation,
  gelu,
  geluHigh,
  geluLow,
  squareUnit,
  tanh,
  tanhApproximation,
} from '../../model/approximations.js';
import type { Activation, HeadActivation } from '../../model/config.js';

export type CurveName =
  | 'exactGelu'
  | 'exactExp'
  | 'exactTanh'
  | 'exactGeluTanh'
  | 'relu'
  | 'geluHigh'
  | 'geluLow'
  | 'expHigh'
  | 'expLow'
  | 'tanh';

interface Piecewise {
  readonly squarings: number;
  readonly bounds: readonly number[];
  /** Per segment, lowest power first. */
  readonly segments: readonly (readonly number[])[];
}

/** Σ_k c[k] (x²/8)^k as coefficients of x^0, x^1, x^2, … */
const inPowersOfX = (coefficients: readonly number[]): number[] =>
  coefficients.flatMap((c, k) => (k === 0 ? [c] : [0, c / squareUnit ** k]));

function geluPieces(approximation: GeluApproximation): Piecewise {
  const { clip, coefficients } = approximation;
  const inner = inPowersOfX(coefficients);
  inner[1] = (inner[1] ?? 0) + 0.5;
  const above = gelu(clip, approximation);
  return {
    squarings: 0,
    bounds: [-clip, clip],
    segments: [[gelu(-clip, approximation)], inner, [above - clip, 1]],
  };
}

function expPieces({ squarings, base, zeroBelow }: ExpApproximation): Piecewise {
  const inner = base.map((coefficient, k) => coefficient / 2 ** (squarings * k));
  return { squarings, bounds: [zeroBelow], segments: [[0], inner] };
}

function tanhPieces(): Piecewise {
  const { clip, coefficients } = tanhApproximation;
  const inner = [0, ...inPowersOfX(coefficients)];
  return { squarings: 0, bounds: [-clip, clip], segments: [[tanh(-clip)], inner, [tanh(clip)]] };
}

const reluPieces: Piecewise = { squarings: 0, bounds: [0], segments: [[0], [0, 1]] };

function encode({ squarings, bounds, segments }: Piecewise): Float64Array {
  const degree = Math.max(...segments.map((s) => s.length)) - 1;
  const padded = segments.flatMap((s) => Array.from({ length: degree + 1 }, (_, k) => s[k] ?? 0));
  return Float64Array.from([0, squarings, segments.length, degree, ...bounds, ...padded]);
}

const pieces: Readonly<Partial<Record<CurveName, Piecewise>>> = {
  geluHigh: geluPieces(geluHigh),
  geluLow: geluPieces(geluLow),
  expHigh: expPieces(expHigh),
  expLow: expPieces(expLow),
  tanh: tanhPieces(),
  relu: reluPieces,
};

const exactKinds: Readonly<Partial<Record<CurveName, number>>> = {
  exactGelu: 1,
  exactExp: 2,
  exactTanh: 3,
  exactGeluTanh: 4,
};

const names: readonly CurveName[] = [
  'exactGelu',
  'exactExp',
  'exactTanh',
  'exactGeluTanh',
  'relu',
  'geluHigh',
  'geluLow',
  'expHigh',
  'expLow',
  'tanh',
];

const encoded = new Map(
  names.map((name) => {
    const piecewise = pieces[name];
    return [name, piecewise ? encode(piecewise) : Float64Array.of(exactKinds[name] ?? 0, 0, 1, 0)];
  }),
);

/** The numbers of a curve for the float kernels. */
export const curveNumbers = (name: CurveName): Float64Array => encoded.get(name)!;

/** The pieces of a polynomial curve, or null for an exact function. */
export const curvePieces = (name: CurveName): Piecewise | null => pieces[name] ?? null;

/** Which functions the encoder uses: exact ones (pretraining's, parity tests) or those of the secure engine. */
export interface CurveSet {
  readonly expHigh: CurveName;
  readonly expLow: CurveName;
  /** Of the feed-forward layers: for important tokens, and for the others. */
  readonly activation: Readonly<Record<Activation, { readonly high: CurveName; readonly low: CurveName }>>;
  readonly head: Readonly<Record<HeadActivation, CurveName>>;
}

const RELU = { high: 'relu', low: 'relu' } as const;

export const exactCurves: CurveSet = {
  expHigh: 'exactExp',
  expLow: 'exactExp',
  activation: {
    gelu: { high: 'exactGelu', low: 'exactGelu' },
    'gelu-tanh': { high: 'exactGeluTanh', low: 'exactGeluTanh' },
    relu: RELU,
  },
  head: { tanh: 'exactTanh', gelu: 'exactGelu', relu: 'relu' },
};

/** Both formulas of GELU have one polynomial: they differ by less than its own error. */
const GELU = { high: 'geluHigh', low: 'geluLow' } as const;

export const secureCurves: CurveSet = {
  expHigh: 'expHigh',
  expLow: 'expLow',
  activation: { gelu: GELU, 'gelu-tanh': GELU, relu: RELU },
  head: { tanh: 'tanh', gelu: 'geluHigh', relu: 'relu' },
};
