/** Sums and products of tensors of one shape on the native kernels; other cases stay with the JavaScript kernels. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import { NATIVE_BACKEND, type NativeBackend } from '../backend/native-backend.js';

type PairKernel = (operands: { x: Float32Array; y: Float32Array; out: Float32Array }) => void;

const sameFloats = (a: tf.TensorInfo, b: tf.TensorInfo): boolean =>
  a.dtype === 'float32' && b.dtype === 'float32' && tf.util.arraysEqual(a.shape, b.shape);

function replacePairKernel(kernelName: string, run: PairKernel): void {
  const before = tf.getKernel(kernelName, NATIVE_BACKEND);
  tf.unregisterKernel(kernelName, NATIVE_BACKEND);
  tf.registerKernel({
    kernelName,
    backendName: NATIVE_BACKEND,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      if (!sameFloats(a, b)) return before.kernelFunc(call);
      const backend = call.backend as NativeBackend;
      const out = backend.make(a.shape);
      run({ x: backend.floats(a), y: backend.floats(b), out: out.values });
      return out.info;
    },
  });
}

export function registerElementwise(): void {
  replacePairKernel('Add', kernels.floatAdd);
  replacePairKernel('Multiply', kernels.floatMultiply);
}
