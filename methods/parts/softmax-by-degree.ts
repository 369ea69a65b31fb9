/** Softmax of CipherPrune for rows of high degree, another one for those of low degree. */
import type { SharedBits, SharedTensor } from '../../inference/core/tensors.js';
import type { Backend } from '../../inference/backends/backend.js';
import { byDegree } from '../../inference/functions/by-degree.js';
import type { SoftmaxPlan } from '../../inference/functions/softmax-plan.js';
import { exponential } from '../cipherprune/exponential.js';
import { softmaxOf } from '../cipherprune/softmax.js';
import type { Method } from '../method.js';

const softmax = softmaxOf(exponential);

/** low: x [rows, n], visible [rows, n] or null where all columns count → probabilities [rows, n] */
export const softmaxByDegree =
  (
    low: (
      mpc: Backend,
      x: SharedTensor,
      plan: SoftmaxPlan,
      visible: SharedBits | null,
    ) => Promise<SharedTensor>,
  ): Method['softmax'] =>
  (mpc, x, high, plan, visible) =>
    byDegree(mpc, x, high, {
      high: (lane, rows) => softmax(lane, rows, rows.shape[0]!, plan),
      low: (lane, rows) =>
        low(lane, rows, plan, visible ? lane.sliceBits(visible, 0, high, x.shape[0]!) : null),
    });
