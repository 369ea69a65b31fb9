/** x [rows, inputs] · weightᵀ + bias, weight [outputs, inputs] as Hugging Face stores it → [rows, outputs]. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import { defineGradient, defineKernel, onNativeBackend, runKernel } from '../backend/kernel.js';

/** With `bfloat16` the inputs of all products, forward and backward, are rounded to it where the processor can. */
export function linear(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  bfloat16 = false,
): tf.Tensor2D {
  if (!onNativeBackend()) return tf.add(tf.matMul(x, weight, false, true), bias);
  return runKernel('EncoderLinear', { x, weight, bias }, { bfloat16 })[0] as tf.Tensor2D;
}

const sizes = (x: { shape: number[] }, weight: { shape: number[] }) => ({
  rows: x.shape[0]!,
  inputs: x.shape[1]!,
  outputs: weight.shape[0]!,
});

export function registerLinear(): void {
  defineKernel('EncoderLinear', (backend, { x, weight, bias }, attributes) => {
    const bfloat16 = attributes.bfloat16 === true;
    const { rows, inputs, outputs } = sizes(x!, weight!);
    const y = backend.make([rows, outputs]);
    const [a, b, c] = [x!, weight!, bias!].map((tensor) => backend.floats(tensor));
    kernels.floatGemm({
      transposeB: true,
      m: rows,
      n: outputs,
      k: inputs,
      a: a!,
      b: b!,
      c: y.values,
      bias: c!,
      bfloat16,
      batch: 1,
    });
    return [y.info];
  });
  defineKernel('EncoderLinearGrad', (backend, { dy, x, weight }, attributes) => {
    const bfloat16 = attributes.bfloat16 === true;
    const { rows, inputs, outputs } = sizes(x!, weight!);
    const dx = backend.make([rows, inputs]);
    const dWeight = backend.make([outputs, inputs]);
    const dBias = backend.make([outputs]);
    const g = backend.floats(dy!);
    const w = backend.floats(weight!);
    kernels.floatGemm({ m: rows, n: inputs, k: outputs, a: g, b: w, c: dx.values, bfloat16, batch: 1 });
    const a = backend.floats(x!);
    kernels.floatGemm({
      transposeA: true,
      m: outputs,
      n: inputs,
      k: rows,
      a: g,
      b: a,
      c: dWeight.values,
      bfloat16,
      batch: 1,
    });
    kernels.floatColumnSums({ x: g, rows, columns: outputs, out: dBias.values });
    return [dx.info, dWeight.info, dBias.info];
  });
  defineGradient({
    kernelName: 'EncoderLinear',
    inputsToSave: ['x', 'weight'],
    gradient: ([dy], [x, weight], attributes) => {
      const inputs = { dy: dy!, x: x!, weight: weight! };
      const [dx, dWeight, dBias] = runKernel('EncoderLinearGrad', inputs, attributes);
      return { x: dx!, weight: dWeight!, bias: dBias! };
    },
  });
}
