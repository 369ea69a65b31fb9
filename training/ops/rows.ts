/** Chosen rows of a tensor. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import { defineGradient, defineKernel, onNativeBackend, runKernel } from '../backend/kernel.js';

/** x [rows, columns] → its rows of the given distinct numbers, [numbers, columns]. */
export function gatherRows(x: tf.Tensor2D, numbers: Int32Array): tf.Tensor2D {
  const indices = tf.tensor1d(numbers, 'int32');
  if (!onNativeBackend()) return tf.gather(x, indices);
  return runKernel('EncoderGatherRows', { x, indices })[0] as tf.Tensor2D;
}

export function registerRows(): void {
  defineKernel('EncoderGatherRows', (backend, { x, indices }) => {
    const columns = x!.shape[1]!;
    const out = backend.make([indices!.shape[0]!, columns]);
    kernels.floatGatherRows({
      columns,
      x: backend.floats(x!),
      rows: backend.integers(indices!),
      out: out.values,
    });
    return [out.info];
  });
  defineKernel('EncoderScatterRows', (backend, { x, indices }, { rows }) => {
    const columns = x!.shape[1]!;
    const out = backend.make([rows as number, columns]);
    kernels.floatScatterRows({
      columns,
      x: backend.floats(x!),
      rows: backend.integers(indices!),
      out: out.values,
    });
    return [out.info];
  });
  defineGradient({
    kernelName: 'EncoderGatherRows',
    inputsToSave: ['x', 'indices'],
    gradient: ([dy], [x, indices]) => ({
      x: runKernel('EncoderScatterRows', { x: dy!, indices: indices! }, { rows: x!.shape[0]! })[0]!,
    }),
  });
}
