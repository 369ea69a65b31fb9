/** How far numbers go beyond a limit, as a loss that teaches them to stay below it. */
import type * as tf from '@tensorflow/tfjs';
import type { Piecewise } from '../../methods/curves.js';
import { applyCurve } from '../ops/curve.js';

/** (|x| - limit)² beyond the limit, 0 within. */
const beyond = (limit: number): Piecewise => ({
  kind: 'polynomial',
  squarings: 0,
  bounds: [-limit, limit],
  segments: [[limit ** 2, 2 * limit, 1], [0], [limit ** 2, -2 * limit, 1]],
});

const curves = new Map<number, Piecewise>();

function curveOf(limit: number): Piecewise {
  const known = curves.get(limit) ?? beyond(limit);
  curves.set(limit, known);
  return known;
}

/** x [rows, features], weights [rows], not all 0 → mean over rows of the sum over features */
export function excessOf(x: tf.Tensor2D, weights: tf.Tensor1D, limit: number): tf.Scalar {
  const rows = applyCurve(x, curveOf(limit)).sum(1);
  return rows.mul(weights).sum().div(weights.sum()) as tf.Scalar;
}
