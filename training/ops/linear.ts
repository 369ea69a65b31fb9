/** x [rows, inputs] · weightᵀ + bias, weight [outputs, inputs] as Hugging Face stores it → [rows, outputs]. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '../../kernels/addon.js';
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
    kernels.floatGemm(
      false,
      true,
      rows,
      outputs,
      inputs,
      a!,
      b!,
      y.values,
      c!,
      false,
      1,
      false,
      false,
      bfloat16,
    );
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
    kernels.floatGemm(
      false,
      false,
      rows,
      inputs,
      outputs,
      g,
      w,
      dx.values,
      null,
      false,
      1,
      false,
      false,
      bfloat16,
    );
    const a = backend.floats(x!);
    kernels.floatGemm(
      true,
      false,
      outputs,
      inputs,
      rows,
      g,
      a,
      dWeight.values,
      null,
      false,
      1,
      false,
      false,
      bfloat16,
    );
    kernels.floatColumnSums(g, rows, outputs, dBias.values);
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
