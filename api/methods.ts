/**
 * What a method of one's own is written with (`cipherprune/methods`): the interface, the parts that those of the project are made
 * of, and the call that makes it known. docs/extending.md has an example.
 */

export type { Backend } from '../inference/backends/backend.js';
export type { RingFormat } from '../inference/core/ring-tensor.js';
export { protocol } from '../inference/core/span.js';
export type { PrivateTensor, SharedBits, SharedTensor } from '../inference/core/tensors.js';
export type { ActivationPlan } from '../inference/functions/activation-plan.js';
export {
  convert,
  convertExactly,
  shrink,
  signedBits,
  wideningBits,
  widenNonNegative,
} from '../inference/functions/fixed-point.js';
export { reciprocal } from '../inference/functions/inverse-power.js';
export { layerNorm } from '../inference/functions/layer-norm.js';
export type { SoftmaxPlan } from '../inference/functions/softmax-plan.js';
export { headOf } from '../methods/cipherprune/head.js';
export { type CipherPruneNumbers, cipherPruneNumbers } from '../methods/cipherprune/numbers.js';
export { prune } from '../methods/cipherprune/prune.js';
export { softmaxOf } from '../methods/cipherprune/softmax.js';
export { type Curve, type CurveSet, type Piecewise, RELU } from '../methods/curves.js';
export { methodNamed, registerMethod } from '../methods/index.js';
export type { Elimination, Method, Pruned } from '../methods/method.js';
export { piecewiseOf } from '../methods/parts/piecewise.js';
export { quadraticCurve, quadraticSoftmaxOf } from '../methods/parts/quadratic-softmax.js';
export type { LayerThresholds } from '../model/thresholds.js';
