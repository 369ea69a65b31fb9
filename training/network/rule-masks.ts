/** Hard masks by a rule that nothing is learned for, as a method with a rule of its own keeps tokens privately (`Method.stays`). */
import * as tf from '@tensorflow/tfjs';
import { methodNamed } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { bucketOf } from '../../model/padded-length.js';
import type { LayerMasks, SequenceRows, TokenMasks } from './masks.js';
import type { ModelState } from './model-state.js';

const KEEPS_ALL: LayerMasks = { mode: 'none', prune: null, reduce: null, temperature: 0 };

/** scores, before.kept [rows] → 0 or 1 by the rule, sequence by sequence; kept tokens are all important */
function choose(
  stays: NonNullable<Method['stays']>,
  scores: tf.Tensor1D,
  before: TokenMasks,
  { first, lengths }: SequenceRows,
): TokenMasks {
  const [values, present] = [scores, before.kept].map((tensor) => tensor.dataSync() as Float32Array) as [
    Float32Array,
    Float32Array,
  ];
  const kept = new Float32Array(values.length);
  first.forEach((cls, b) => {
    const rows = Array.from({ length: lengths[b]! }, (_, i) => cls + i).filter((row) => present[row]! > 0);
    const own = rows.map((row) => values[row]!);
    stays(own, bucketOf(rows.length)).forEach((isKept, i) => {
      kept[rows[i]!] = isKept ? 1 : 0;
    });
  });
  const own = tf.tensor1d(kept);
  return { kept: own, own, important: tf.onesLike(own) };
}

/** Of every layer but the last; null where the method has no such rule. */
export function ruleMasks({ method, config }: Pick<ModelState, 'method' | 'config'>): LayerMasks[] | null {
  const { stays, eliminatesIn } = methodNamed(method);
  if (!stays) return null;
  return Array.from({ length: config.layers - 1 }, (_, layer) =>
    eliminatesIn(layer, config.layers)
      ? { ...KEEPS_ALL, mode: 'best', choose: (...seen) => choose(stays, ...seen) }
      : KEEPS_ALL,
  );
}
