/**
 * Padding among rows that nobody can tell apart, where a public number of them is kept: a shared number for each row, 1 for padding
 * and else 0, that goes wherever the rows go. Rows of padding begin as copies of [CLS] and see what it sees, so they stay
 * within the ranges of real ones; no row sees them, and what they see counts for no score.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Backend } from '../backends/backend.js';
import { privateTensor } from '../core/ring-tensor.js';
import type { SharedTensor } from '../core/tensors.js';
import { layerPlan } from './plan.js';

export interface SharedPadding {
  readonly kind: 'shared';
  /** [tokens] without fraction bits, in a ring that holds the logits of any layer. */
  readonly rows: SharedTensor;
}

/** `length` real tokens of `bucket`: the client's number, null at the server. */
export async function sharePadding(
  mpc: Backend,
  model: PublicModel,
  length: number | null,
  bucket: number,
): Promise<SharedPadding> {
  const rings = model.ranges.layers.map(
    (_, layer) => layerPlan(model, layer, bucket, true).attention.logits.ringBits,
  );
  const format = { ringBits: Math.max(...rings), fractionBits: 0 };
  const values = length === null ? null : new Float64Array(bucket).fill(1, length);
  return { kind: 'shared', rows: await mpc.share(privateTensor('client', [bucket], format, values)) };
}

/** logits [..., tokens] minus `mask` in the columns of padding. Local. */
export function maskColumns(
  mpc: Backend,
  logits: SharedTensor,
  { rows }: SharedPadding,
  mask: number,
): SharedTensor {
  const tokens = rows.shape[0]!;
  const columns = mpc.scale(mpc.narrow(rows, logits.ringBits), -mask, logits.fractionBits);
  const copies = logits.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  return mpc.add(
    logits,
    mpc.reshape(mpc.broadcastRows(columns, copies), [...logits.shape.slice(0, -1), tokens]),
  );
}

/** measured [tokens, heads, tokens] → [tokens]: what each token receives from all heads and all rows but padding */
export async function textScores(
  mpc: Backend,
  measured: SharedTensor,
  { rows }: SharedPadding,
): Promise<SharedTensor> {
  const isText = mpc.addPublic(mpc.negate(mpc.narrow(rows, 2)), 1);
  const received = mpc.sum(measured, 1);
  return mpc.sum(await mpc.multiply(received, isText, 'non-negative'), 0);
}
