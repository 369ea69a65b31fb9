/**
 * `bench elimination`: what a method's rule of elimination costs by itself: half of the tokens leave, with rows of context and residual.
 * Counted by shapes, so exact in bytes and rounds; seconds are the cost model's estimate.
 */
import type { Backend } from '../inference/backends/backend.js';
import { privateTensor, type RingFormat } from '../inference/core/ring-tensor.js';
import { type CostEstimate, estimateOf } from '../inference/cost/cost-model.js';
import { opensOf } from '../inference/cost/schedule.js';
import { layerPlan } from '../inference/engine/plan.js';
import { privateThresholds } from '../methods/cipherprune/thresholds.js';
import type { Method } from '../methods/method.js';
import { shapesOf } from './counted.js';
import type { ModelName } from './model-sizes.js';

export interface EliminationFigure {
  readonly model: ModelName;
  readonly method: string;
  readonly tokens: number;
  readonly kept: number;
  readonly counted: true;
  readonly bytes: number;
  readonly rounds: number;
  readonly correlatedOts: number;
  readonly estimatedSeconds: CostEstimate['seconds'];
}

/** Of the rows that attention's output is added to. */
const RESIDUAL: RingFormat = { ringBits: 29, fractionBits: 12 };

/** Does the method have a rule by which tokens leave? */
export const eliminates = (method: Method): boolean => method.eliminatesIn(0, 2);

export async function countElimination(
  model: ModelName,
  method: Method,
  tokens: number,
): Promise<EliminationFigure> {
  const shapes = shapesOf(model);
  const { heads, hiddenSize } = shapes.config;
  const { attention } = layerPlan(shapes, 0, tokens, true);
  const kept = Math.ceil(tokens / 2);
  const prepare = async (mpc: Backend) => {
    const shared = (shape: readonly number[], format: RingFormat) =>
      mpc.share(privateTensor('client', shape, format, null));
    const scores = await shared([tokens], attention.softmax.out);
    const tensors = [
      await shared([tokens, hiddenSize], attention.context),
      await shared([tokens, hiddenSize], RESIDUAL),
    ];
    const largest = heads * tokens;
    const thresholds = method.learns === 'nothing' ? null : privateThresholds(null, largest);
    return () => method.eliminate(mpc, { scores, largest, thresholds, tensors: async () => tensors });
  };
  const cost = await estimateOf(opensOf([{ kept, important: kept }]), prepare);
  return {
    model,
    method: method.name,
    tokens,
    kept,
    counted: true,
    bytes: cost.bytes,
    rounds: cost.rounds,
    correlatedOts: cost.cots,
    estimatedSeconds: cost.seconds,
  };
}
