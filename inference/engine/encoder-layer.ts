/** One encoder layer: attention, pruning, feed-forward, with LayerNorm after each residual. */

import type { Method, Pruned } from '../../methods/method.js';
import { byDegree } from '../functions/by-degree.js';
import { methodOf } from '../../methods/reference.js';
import type { LayerScales, PublicModel } from '../../model/artifact/artifact.js';
import type { LayerSchedule } from '../../model/artifact/schedule.js';
import type { Backend, Weight } from '../backends/backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { countedHere, protocol } from '../core/span.js';
import type { SharedTensor } from '../core/tensors.js';
import { convertBefore, convertBehind, convertedBy, shrink } from '../functions/fixed-point.js';
import { type Candidates, keepBest } from '../functions/keep-best.js';
import { productsSideBySide } from '../functions/products-side-by-side.js';
import { scoped } from '../functions/scoped.js';
import { squareInput, squares } from '../functions/squares.js';
import { activate, activationInput } from './activation.js';
import { attention, paddingMask } from './attention.js';
import { type LayerPlan, layerPlan, restingFormat } from './plan.js';
import type { PreparedLayer, PreparedModel, ReducedWeights } from './prepare.js';
import type { SharedPadding } from './shared-padding.js';

/** What flows from layer to layer. */
export interface EncoderState {
  /** [tokens, hidden]: [CLS], important tokens, the others. */
  readonly x: SharedTensor;
  readonly important: number;
  /** Real tokens, known to the client; null at the server. */
  readonly length: number | null;
  /** Rows of padding may still be among the tokens. */
  readonly padded: boolean;
  /**
   * Which of them, where the model keeps public numbers of rows (`schedule`) or nobody who computes knows; null where the client
   * does, and where none is left.
   */
  readonly padding: SharedPadding | null;
  /** Those numbers, by layer. */
  readonly schedule: readonly LayerSchedule[] | null;
}

/** Of x · W + residual: the residual's scale, in the ring that is left after truncation, or the residual's if that is smaller. */
const sumFormat = (
  residual: SharedTensor,
  x: SharedTensor,
  { fractionBits }: Pick<Weight, 'fractionBits'>,
): RingFormat => ({
  ringBits: Math.min(residual.ringBits, x.ringBits - fractionBits),
  fractionBits: x.fractionBits,
});

const addResidual = (
  mpc: Backend,
  residual: SharedTensor,
  product: SharedTensor,
  format: RingFormat,
): SharedTensor => mpc.add(shrink(mpc, product, format), mpc.narrow(residual, format.ringBits));

/** x · W + b + residual */
async function addLinear(
  mpc: Backend,
  residual: SharedTensor,
  x: SharedTensor,
  weight: Weight,
): Promise<SharedTensor> {
  const format = sumFormat(residual, x, weight);
  return scoped(mpc, async () => addResidual(mpc, residual, await mpc.linear(x, weight, format), format));
}

/** x [rows, hidden] → x · R + r + x, and (x · P + p)² · Q besides where the layer has these matrices */
async function lowDegree(
  mpc: Backend,
  x: SharedTensor,
  { inner, outer }: ReducedWeights,
  { reduced: line, reducedInner: narrow }: LayerScales,
  { squares: plan }: LayerPlan,
): Promise<SharedTensor> {
  if (!outer || !narrow) return addLinear(mpc, x, x, inner);
  const format = sumFormat(x, x, line!);
  const [sum, squared] = await scoped(mpc, async (): Promise<[SharedTensor, SharedTensor]> => {
    const [along, across] = (await productsSideBySide(mpc, x, inner, [
      { outputs: x.shape[1]!, fractionBits: line!.fractionBits, cut: () => format },
      {
        outputs: outer.inputs,
        fractionBits: narrow.fractionBits,
        cut: (product) => convertedBy(product, squareInput(plan), plan.inputRange),
      },
    ])) as [SharedTensor, SharedTensor];
    return [addResidual(mpc, x, along, format), await squares(mpc, across, plan)];
  });
  return addLinear(mpc, sum, squared, outer);
}

/** x [tokens, hidden] → f(x · W1 + b1) · W2 + b2 + x, f the model's activation; behind the important ones `lowDegree` where the layer has it */
const feedForward = protocol(
  'feedForward',
  async (
    mpc: Backend,
    method: Method,
    { config: { activation } }: PublicModel,
    x: SharedTensor,
    layer: PreparedLayer,
    important: number,
    plan: LayerPlan,
  ) => {
    const { intermediate, output, reduced, scales } = layer;
    const whole = async (lane: Backend, rows: SharedTensor): Promise<SharedTensor> => {
      const activated = await scoped(lane, async () => {
        const into = activationInput(method, activation, plan.activation);
        const inner = await lane.linear(rows, intermediate, into);
        return activate(lane, method, activation, inner, important, plan.activation);
      });
      return addLinear(lane, rows, activated, output);
    };
    if (!reduced) return whole(mpc, x);
    const lowBits = [scales.reduced!, ...(reduced.outer ? [reduced.outer] : [])];
    const ringBits = x.ringBits - Math.max(...[output, ...lowBits].map(({ fractionBits }) => fractionBits));
    return byDegree(mpc, x, important, {
      high: async (lane, rows) => lane.narrow(await whole(lane, rows), ringBits),
      low: async (lane, rows) => lane.narrow(await lowDegree(lane, rows, reduced, scales, plan), ringBits),
    });
  },
);

/** Which rows go on: all that are left, a public number of the best, or what the method's rule of elimination keeps. */
async function select(
  mpc: Backend,
  method: Method,
  isScored: boolean,
  heads: number,
  layer: PreparedLayer,
  tokens: number,
  { scores, tensors }: Candidates,
  counts: LayerSchedule | null,
): Promise<Pruned> {
  if (!isScored || tokens < 2)
    return { rows: await tensors(mpc), kept: tokens, important: tokens, padded: !isScored };
  const largest = heads * tokens;
  if (counts) {
    const best = () => keepBest(mpc, { largest, heads }, counts, tokens, { scores, tensors });
    const kept = await scoped(mpc, best);
    return { ...kept, padded: true };
  }
  const { thresholds } = layer;
  const scored = await scores(mpc);
  return scoped(mpc, () => method.eliminate(mpc, { scores: scored, largest, thresholds, tensors }));
}

interface LayerResult {
  readonly state: EncoderState;
  readonly kept: number;
  readonly important: number;
}

export const encoderLayer = (
  mpc: Backend,
  model: PreparedModel,
  index: number,
  state: EncoderState,
): Promise<LayerResult> => scoped(mpc, () => runLayer(mpc, model, index, state));

async function runLayer(
  mpc: Backend,
  { public: model, layers }: PreparedModel,
  index: number,
  state: EncoderState,
): Promise<LayerResult> {
  const { x, length, padded, padding, schedule } = state;
  const layer = layers[index]!;
  const isLast = index === layers.length - 1;
  const method = methodOf(model.method);
  const scored = method.eliminatesIn(index, layers.length);
  const tokens = x.shape[0]!;
  const queries = isLast ? 1 : tokens;
  const { heads } = model.config;
  const plan = layerPlan(model, index, tokens, padded);
  const { context, contextRange, contextFormat, scores } = await attention(
    mpc,
    model,
    layer,
    plan.attention,
    {
      x,
      queries,
      important: Math.min(state.important, queries),
      mask:
        padding ?? (padded ? paddingMask(plan.attention, length, { queries, tokens, heads }, scored) : null),
      scored,
    },
  );

  // The residual needs no more bits than the product that it is added to.
  const residual = mpc.narrow(mpc.slice(x, 0, 0, queries), x.ringBits - layer.attentionOutput.fractionBits);
  const resting = { out: restingFormat(model), range: contextRange };
  // Computed beside the comparison of scores, and no part of what pruning costs.
  const tensors = countedHere(async (lane: Backend) => [
    await convertBefore(lane, await context(lane), resting),
    residual,
    ...(padding && scored ? [padding.rows] : []),
  ]);
  const counts = schedule?.[index] ?? null;
  const left = await select(mpc, method, scored, heads, layer, queries, { scores, tensors }, counts);
  const { rows, kept, important } = left;
  const attended = await scoped(mpc, async () => {
    const input = await convertBehind(mpc, rows[0]!, contextFormat, resting);
    const sum = await addLinear(mpc, rows[1]!, input, layer.attentionOutput);
    return method.layerNorm(mpc, sum, layer.attentionNorm, plan.attentionNorm);
  });
  const output = await feedForward(mpc, method, model, attended, layer, important, plan);
  return {
    state: {
      x: await scoped(mpc, () => method.layerNorm(mpc, output, layer.outputNorm, plan.outputNorm)),
      important,
      length: length && Math.min(length, kept),
      padded: padded && left.padded,
      padding: left.padded ? (rows[2] ? { kind: 'shared', rows: rows[2] } : padding) : null,
      schedule,
    },
    kept,
    important,
  };
}
