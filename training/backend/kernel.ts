/** Glue between TensorFlow.js's kernel registry and the native kernels. */

import * as tf from '@tensorflow/tfjs';
import type { Curve } from '../../methods/curves.js';
import { NATIVE_BACKEND, type NativeBackend } from './native-backend.js';

export type Inputs = Readonly<Record<string, tf.TensorInfo>>;
export type Attributes = Readonly<Record<string, number | string | boolean | Int32Array | Curve | null>>;

/** True if operations run on our backend, where the fused kernels are. */
export const onNativeBackend = (): boolean => tf.getBackend() === NATIVE_BACKEND;

/** Registers one fused kernel: it reads inputs and returns new tensors, made with `backend.make`. */
export function defineKernel(
  kernelName: string,
  body: (backend: NativeBackend, inputs: Inputs, attributes: Attributes) => tf.TensorInfo[],
): void {
  tf.registerKernel({
    kernelName,
    backendName: NATIVE_BACKEND,
    kernelFunc: ({ inputs, backend, attrs }) =>
      body(backend as NativeBackend, inputs as Inputs, (attrs ?? {}) as Attributes),
  });
}

/** Runs a registered kernel; always a list of outputs. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attributes: Attributes = {}): tf.Tensor[] {
  const output = tf.engine().runKernel(name, inputs, attributes as unknown as tf.NamedAttrMap) as
    | tf.Tensor
    | tf.Tensor[];
  return Array.isArray(output) ? output : [output];
}

export interface GradientOf {
  readonly kernelName: string;
  readonly inputsToSave: string[];
  /** By position of the forward kernel's outputs. */
  readonly outputsToSave?: boolean[];
  /** dy of every output, then the saved inputs and outputs → gradients by input name. */
  readonly gradient: (
    dy: tf.Tensor[],
    saved: tf.Tensor[],
    attributes: Attributes,
  ) => Record<string, tf.Tensor>;
}

/** Registers the gradient of a fused kernel; it is computed in one go, whatever inputs need it. */
export function defineGradient({ kernelName, inputsToSave, outputsToSave, gradient }: GradientOf): void {
  tf.registerGradient({
    kernelName,
    inputsToSave,
    ...(outputsToSave ? { outputsToSave } : {}),
    gradFunc: (dy, saved, attrs) => {
      const all = gradient(Array.isArray(dy) ? dy : [dy], saved, attrs as unknown as Attributes);
      return Object.fromEntries(Object.entries(all).map(([name, tensor]) => [name, () => tensor]));
    },
  });
}
