/** BOLT's numbers as pieces in powers of x. */
import { type CurveSet, LESS_MAXIMUM, type Piecewise, RELU } from '../curves.js';
import { add, multiply, type Polynomial, reflected, scaled } from '../parts/polynomials.js';
import type { BoltExp, BoltGelu, BoltNumbers, BoltTanh } from './numbers.js';

const polynomialCurve = (bounds: readonly number[], segments: readonly Polynomial[]): Piecewise => ({
  kind: 'polynomial',
  squarings: 0,
  bounds,
  segments,
});

export function geluCurve({ clip, a, b, c, d, e }: BoltGelu): Piecewise {
  const z: Polynomial = [c, b, a];
  const even = add(multiply(add(z, [d, a]), z), [e]);
  const half: Polynomial = [0, 0.5];
  return polynomialCurve([-clip, 0, clip], [[0], add(reflected(even), half), add(even, half), [0, 1]]);
}

/** A piece for every l, in powers of x: the last one first. */
function expCurve({ scale, shift, offset, most }: BoltExp): Piecewise {
  const places = Array.from({ length: most }, (_, i) => most - 1 - i);
  return polynomialCurve(
    places.map((l) => -(l + 1) * Math.LN2),
    [
      [0],
      ...places.map((l) => {
        const base: Polynomial = [shift + l * Math.LN2, 1];
        return scaled(add(scaled(multiply(base, base), scale), [offset]), 2 ** -l);
      }),
    ],
  );
}

export function tanhCurve({ clip, a, b, c, d, e, f }: BoltTanh): Piecewise {
  const p: Polynomial = [b, a, 1];
  const product = multiply(multiply(add(p, [c, 1]), p), [0, d]);
  const positive = add(product, [f, e]);
  return polynomialCurve([-clip, 0, clip], [[-1], scaled(reflected(positive), -1), positive, [1]]);
}

export function curvesOf({ gelu, exp, tanh }: BoltNumbers): CurveSet {
  const curve = geluCurve(gelu);
  const exps = expCurve(exp);
  const gelus = { high: curve, low: curve };
  return {
    softmax: LESS_MAXIMUM,
    expHigh: exps,
    expLow: exps,
    activation: { gelu: gelus, 'gelu-tanh': gelus, relu: { high: RELU, low: RELU } },
    head: { tanh: tanhCurve(tanh), gelu: curve, relu: RELU },
  };
}
