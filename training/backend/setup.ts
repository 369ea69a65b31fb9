/**
 * Chooses and prepares the TensorFlow.js backend. `native` is ours (training/backend/native-backend.ts) with fused encoder
 * kernels; `tensorflow` is @tensorflow/tfjs-node, for those who have installed it; `cpu` is plain JavaScript, slow, the
 * yardstick in tests. All three run the same model.
 */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { registerAttention } from '../ops/attention.js';
import { registerCurves } from '../ops/curve.js';
import { registerElementwise } from '../ops/elementwise.js';
import { registerEmbedding } from '../ops/embedding.js';
import { registerLayerNorm } from '../ops/layer-norm.js';
import { registerLinear } from '../ops/linear.js';
import { registerRows } from '../ops/rows.js';
import { NATIVE_BACKEND, registerNativeBackend } from './native-backend.js';

export type BackendName = 'native' | 'tensorflow' | 'cpu';

let registered = false;

function registerNative(): void {
  if (registered) return;
  registered = true;
  registerNativeBackend();
  registerLinear();
  registerCurves();
  registerLayerNorm();
  registerAttention();
  registerEmbedding();
  registerElementwise();
  registerRows();
}

/** tfjs-node still calls these, which Node 23 has removed. */
const REMOVED_FROM_UTIL = {
  isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
  isArray: Array.isArray,
};

/** Imports tfjs-node, unless its backend is there already. Throws if it is not installed or has no binding for this machine. */
async function importTensorFlow(): Promise<void> {
  if (tf.findBackend('tensorflow') !== null) return;
  for (const [name, substitute] of Object.entries(REMOVED_FROM_UTIL))
    if (!(name in util)) Object.assign(util, { [name]: substitute });
  try {
    await import('@tensorflow/tfjs-node' as string);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(
      `backend tensorflow: expected @tensorflow/tfjs-node with its native binding (npm install @tensorflow/tfjs-node): ${reason}`,
    );
  }
}

/** Makes a backend the current one and returns its name; `auto` is ours. Throws if `tensorflow` is asked for and not there. */
export async function useBackend(name: BackendName | 'auto'): Promise<BackendName> {
  if (name === 'auto') return useBackend('native');
  if (name === 'native') registerNative();
  if (name === 'tensorflow') await importTensorFlow();
  const ready = await tf.setBackend(name === 'native' ? NATIVE_BACKEND : name);
  if (!ready) throw new Error(`backend ${name}: TensorFlow.js could not start it`);
  return name;
}

/** True if tensors share the memory of the arrays that they are made from, so that parameters change in place. */
export const sharesMemory = (): boolean => tf.getBackend() !== 'tensorflow';
