/** Curves as the float kernels take them (kernels/types/float.ts). */
import type { Curve, ExactFunction, Piecewise } from '../../methods/curves.js';

const EXACT_KINDS: Readonly<Record<ExactFunction['name'], number>> = {
  gelu: 1,
  exp: 2,
  tanh: 3,
  'gelu-tanh': 4,
};

function encodePieces({ squarings, bounds, segments }: Piecewise): Float64Array {
  const degree = Math.max(...segments.map((s) => s.length)) - 1;
  const padded = segments.flatMap((s) => Array.from({ length: degree + 1 }, (_, k) => s[k] ?? 0));
  return Float64Array.from([0, squarings, segments.length, degree, ...bounds, ...padded]);
}

const encoded = new WeakMap<Curve, Float64Array>();

/** The numbers of a curve for the float kernels; the same array every time. */
export function curveNumbers(curve: Curve): Float64Array {
  const known = encoded.get(curve);
  if (known) return known;
  const numbers =
    curve.kind === 'exact' ? Float64Array.of(EXACT_KINDS[curve.name], 0, 1, 0) : encodePieces(curve);
  encoded.set(curve, numbers);
  return numbers;
}
