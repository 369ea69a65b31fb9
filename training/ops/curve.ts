/** Functions of one variable: GELU and tanh, exact or as polynomials (methods/curves.ts), and mixes of two. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import type { Curve, ExactFunction } from '../../methods/curves.js';
import { defineGradient, defineKernel, onNativeBackend, runKernel } from '../backend/kernel.js';
import { curveNumbers } from './curve-numbers.js';

const polynomial = (x: tf.Tensor, coefficients: readonly number[]): tf.Tensor =>
  coefficients.reduceRight<tf.Tensor>((sum, c) => sum.mul(x).add(c), tf.zerosLike(x));

const derivativeOf = (coefficients: readonly number[]): number[] =>
  coefficients.slice(1).map((c, k) => c * (k + 1));

/** Value and derivative of an exact function, by ordinary operations. */
function exact(name: ExactFunction['name'], x: tf.Tensor): { y: tf.Tensor; derivative: tf.Tensor } {
  if (name === 'exp') return { y: tf.exp(x), derivative: tf.exp(x) };
  if (name === 'tanh') {
    const y = tf.tanh(x);
    return { y, derivative: tf.sub(1, y.square()) };
  }
  if (name === 'gelu-tanh') return exactGeluTanh(x);
  const phi = tf.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);
  const gauss = tf.exp(x.square().mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI));
  return { y: x.mul(phi), derivative: phi.add(x.mul(gauss)) };
}

/** GELU by its tanh formula: x (1 + tanh(k (x + a x³))) / 2. */
function exactGeluTanh(x: tf.Tensor): { y: tf.Tensor; derivative: tf.Tensor } {
  const [k, a] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = x.square();
  const t = tf.tanh(x.mul(square.mul(a).add(1)).mul(k));
  const half = t.add(1).mul(0.5);
  const slope = tf
    .sub(1, t.square())
    .mul(square.mul(3 * a).add(1))
    .mul(x)
    .mul(0.5 * k);
  return { y: x.mul(half), derivative: half.add(slope) };
}

function evaluate(pieces: Curve, x: tf.Tensor): { y: tf.Tensor; derivative: tf.Tensor } {
  if (pieces.kind === 'exact') return exact(pieces.name, x);
  let y = polynomial(x, pieces.segments[0]!);
  let derivative = polynomial(x, derivativeOf(pieces.segments[0]!));
  pieces.bounds.forEach((bound, s) => {
    const beyond = tf.greaterEqual(x, bound);
    y = tf.where(beyond, polynomial(x, pieces.segments[s + 1]!), y);
    derivative = tf.where(beyond, polynomial(x, derivativeOf(pieces.segments[s + 1]!)), derivative);
  });
  for (let i = 0; i < pieces.squarings; i++) {
    derivative = derivative.mul(y).mul(2);
    y = y.square();
  }
  return { y, derivative };
}

/** curve(x), any shape. */
export function applyCurve<T extends tf.Tensor>(x: T, curve: Curve): T {
  if (onNativeBackend()) return runKernel('EncoderCurve', { x }, { curve })[0] as T;
  return tf.customGrad((input, save) => {
    const { y, derivative } = evaluate(curve, input as tf.Tensor);
    (save as tf.GradSaveFunc)([derivative]);
    return { value: y, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dy.mul(saved[0]!) };
  })(x) as T;
}

/** w · high(x) + (1 - w) · low(x), one w a row: x [rows, columns], rowHigh [rows]. */
export function mixCurves(x: tf.Tensor2D, rowHigh: tf.Tensor1D, high: Curve, low: Curve): tf.Tensor2D {
  if (onNativeBackend()) return runKernel('EncoderMix', { x, rowHigh }, { high, low })[0] as tf.Tensor2D;
  if (high === low) return applyCurve(x, high);
  const lowY = applyCurve(x, low);
  return lowY.add(applyCurve(x, high).sub(lowY).mul(rowHigh.expandDims(1)));
}

export function registerCurves(): void {
  defineKernel('EncoderCurve', (backend, { x }, { curve }) => {
    const y = backend.make(x!.shape);
    const derivative = backend.make(x!.shape);
    kernels.floatCurve({
      curve: curveNumbers(curve as Curve),
      x: backend.floats(x!),
      y: y.values,
      derivative: derivative.values,
    });
    return [y.info, derivative.info];
  });
  defineGradient({
    kernelName: 'EncoderCurve',
    inputsToSave: [],
    outputsToSave: [false, true],
    gradient: ([dy], [derivative]) => ({ x: tf.mul(dy!, derivative!) }),
  });
  defineKernel('EncoderMix', (backend, { x, rowHigh }, { high, low }) => {
    const [rows, columns] = x!.shape as [number, number];
    const y = backend.make([rows, columns]);
    const curves = { high: curveNumbers(high as Curve), low: curveNumbers(low as Curve) };
    const inputs = { x: backend.floats(x!), rowHigh: backend.floats(rowHigh!) };
    kernels.floatMix({ ...curves, rows, columns, ...inputs, y: y.values });
    return [y.info];
  });
  defineKernel('EncoderMixGrad', (backend, { dy, x, rowHigh }, { high, low }) => {
    const [rows, columns] = x!.shape as [number, number];
    const dx = backend.make([rows, columns]);
    const dRowHigh = backend.make([rows]);
    const curves = { high: curveNumbers(high as Curve), low: curveNumbers(low as Curve) };
    const inputs = { x: backend.floats(x!), rowHigh: backend.floats(rowHigh!), dy: backend.floats(dy!) };
    kernels.floatMixGrad({
      ...curves,
      rows,
      columns,
      ...inputs,
      dx: dx.values,
      dRowHigh: dRowHigh.values,
    });
    return [dx.info, dRowHigh.info];
  });
  defineGradient({
    kernelName: 'EncoderMix',
    inputsToSave: ['x', 'rowHigh'],
    gradient: ([dy], [x, rowHigh], attributes) => {
      const [dx, dRowHigh] = runKernel('EncoderMixGrad', { dy: dy!, x: x!, rowHigh: rowHigh! }, attributes);
      return { x: dx!, rowHigh: dRowHigh! };
    },
  });
}
