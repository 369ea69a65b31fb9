/** Self-attention on shares: heads side by side, softmax rows of important tokens in high degree. */

import { methodOf } from '../../methods/reference.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Backend } from '../backends/backend.js';
import { privateTensor, type RingFormat } from '../core/ring-tensor.js';
import type { Shape } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { convert, convertedBy, shrink, wideningBits } from '../functions/fixed-point.js';
import { productsSideBySide } from '../functions/products-side-by-side.js';
import { scoped } from '../functions/scoped.js';
import { sideBySide } from '../functions/side-by-side.js';
import type { AttentionPlan } from './plan.js';
import type { PreparedLayer } from './prepare.js';
import { maskColumns, type SharedPadding, textScores } from './shared-padding.js';

export interface AttentionInput {
  /** [tokens, hidden] in the resting ring, [CLS] first, then important tokens. */
  readonly x: SharedTensor;
  /** Query rows: all tokens, or [CLS] alone in the last layer. */
  readonly queries: number;
  /** How many of them are important. */
  readonly important: number;
  /** Will anybody look at the scores? */
  readonly scored: boolean;
  /** Of paddingMask, the client's, or that of tokens that nobody knows; null where no padding is left. */
  readonly mask: PrivateTensor | SharedPadding | null;
}

export interface AttentionOutput {
  /** |context| stays below. */
  readonly contextRange: number;
  readonly contextFormat: RingFormat;
  /** → [queries, hidden]. Neither waits for the other. */
  readonly context: (mpc: Backend) => Promise<SharedTensor>;
  /** → [tokens]: the attention that each token receives, summed over heads and rows. */
  readonly scores: (mpc: Backend) => Promise<SharedTensor>;
}

/** Negative for a column that counts. */
const VISIBLE: RingFormat = { ringBits: 1, fractionBits: 0 };

/**
 * Which columns each row would see: -mask [queries, tokens] for padding, to be added; or signs [queries · heads, tokens] where
 * the method takes padding out later. If tokens are scored, padding rows see [CLS] only, so that they count for no other
 * token; else they repeat the row of [CLS].
 */
export function paddingMask(
  { mask, logits }: AttentionPlan,
  length: number | null,
  { queries, tokens, heads }: { readonly queries: number; readonly tokens: number; readonly heads: number },
  scored: boolean,
): PrivateTensor {
  const repeats = mask === null ? heads : 1;
  const values = length === null ? null : new Float64Array(queries * repeats * tokens);
  values?.forEach((_, i) => {
    const [row, column] = [Math.floor(i / (repeats * tokens)), i % tokens];
    const seen = column < (scored && row >= length! ? 1 : length!);
    if (mask === null) values[i] = seen ? -1 : 0;
    else if (!seen) values[i] = -mask;
  });
  return privateTensor('client', [queries * repeats, tokens], mask === null ? VISIBLE : logits, values);
}

const withMask = (
  mpc: Backend,
  logits: SharedTensor,
  mask: PrivateTensor | SharedPadding,
  value: number,
): SharedTensor =>
  mask.kind === 'private' ? mpc.addPrivate(logits, mask) : maskColumns(mpc, logits, mask, value);

/** The columns that count [rows, tokens]. The sign of one bit is itself: where the client knows them, nothing is sent. */
async function visibleColumns(
  mpc: Backend,
  mask: PrivateTensor | SharedPadding,
  [rows, tokens]: Shape,
): Promise<SharedBits> {
  if (mask.kind === 'private') return mpc.isNegative(await mpc.share(mask));
  const isText = await mpc.isNegative(mpc.addPublic(mpc.narrow(mask.rows, 2), -1));
  const row = mpc.reshapeBits(isText, [1, tokens!]);
  return mpc.concatBits(new Array<SharedBits>(rows!).fill(row), 0);
}

/** The three products, each at its own scale, what they are to be cut to, and their bounds. */
async function project(
  mpc: Backend,
  x: SharedTensor,
  layer: PreparedLayer,
  plan: AttentionPlan,
  valueFormat: RingFormat = plan.value,
) {
  const hidden = x.shape[1]!;
  const { queryKeyValue, scales } = layer;
  const parts = [
    { ...scales.query, format: plan.query, range: plan.queryRange },
    { ...scales.key, format: plan.key, range: plan.keyRange },
    { ...scales.value, format: valueFormat, range: plan.valueRange },
  ];
  const products = await productsSideBySide(
    mpc,
    x,
    queryKeyValue,
    parts.map(({ fractionBits, format, range }) => ({
      outputs: hidden,
      fractionBits,
      cut: (product) => convertedBy(product, format, range),
    })),
  );
  return products.map((product, i) => ({ product, ...parts[i]! }));
}

/** Query, key and value, as factors. */
async function factors(mpc: Backend, x: SharedTensor, layer: PreparedLayer, plan: AttentionPlan) {
  const parts = (await project(mpc, x, layer, plan)).map(
    ({ product, format, range }) =>
      (lane: Backend) =>
        convert(lane, product, format, range),
  );
  const [query, key, value] = await sideBySide<SharedTensor, [SharedTensor, SharedTensor]>(
    mpc,
    parts[0]!,
    parts[1]!,
    parts[2]!,
  );
  return { query, key, value };
}

/** Of one token, whose only probability is 1: its value, which calibration did not see as a context. */
async function ofOneToken(
  mpc: Backend,
  x: SharedTensor,
  heads: number,
  layer: PreparedLayer,
  plan: AttentionPlan,
): Promise<AttentionOutput> {
  const {
    valueRange: contextRange,
    context: { fractionBits },
    softmax,
  } = plan;
  const contextFormat = { ringBits: wideningBits(contextRange, fractionBits), fractionBits };
  const value = await scoped(mpc, async () => {
    const { product } = (await project(mpc, x, layer, plan, contextFormat))[2]!;
    return convert(mpc, product, contextFormat, contextRange);
  });
  return {
    contextRange,
    contextFormat,
    context: async () => value,
    scores: async (lane) => lane.constant(heads, [1], softmax.out.ringBits, softmax.out.fractionBits),
  };
}

export const attention = protocol(
  'attention',
  async (
    mpc: Backend,
    model: PublicModel,
    layer: PreparedLayer,
    plan: AttentionPlan,
    { x, queries, important, mask, scored }: AttentionInput,
  ): Promise<AttentionOutput> => {
    const [tokens, hidden] = x.shape as [number, number];
    const { heads } = model.config;
    if (tokens === 1) return ofOneToken(mpc, x, heads, layer, plan);
    const size = hidden / heads;
    const { query, key, value } = await scoped(mpc, () => factors(mpc, x, layer, plan));
    const split = (y: SharedTensor, order: readonly number[]) =>
      mpc.transpose(mpc.reshape(y, [y.shape[0]!, heads, size]), order);

    const product = await mpc.matmul(
      split(mpc.slice(query, 0, 0, queries), [1, 0, 2]),
      split(key, [1, 2, 0]),
      plan.logits,
    );
    const logits = shrink(mpc, product, plan.logits);
    const masked = mask === null || plan.mask === null ? logits : withMask(mpc, logits, mask, plan.mask);
    const rows = mpc.reshape(mpc.transpose(masked, [1, 0, 2]), [queries * heads, tokens]);
    const method = methodOf(model.method);
    // Where padding lies below the clip of exp as well, rows of high degree do not ask; before tokens leave, all rows are.
    const asks =
      method.logits.visible && (plan.mask === null || (mask?.kind === 'shared' && important < queries));
    const visible = mask === null || !asks ? null : await visibleColumns(mpc, mask, rows.shape);
    const byHeads = (x: SharedTensor) => mpc.reshape(x, [queries, heads, tokens]);
    const high = important * heads;
    const { probabilities: flat, received } =
      scored && method.scoredSoftmax
        ? await scoped(mpc, () => method.scoredSoftmax!(mpc, rows, high, plan.softmax, visible))
        : {
            probabilities: await scoped(mpc, () => method.softmax(mpc, rows, high, plan.softmax, visible)),
            received: null,
          };
    const probabilities = byHeads(flat);
    const measured = received ? byHeads(received) : probabilities;

    return {
      contextRange: plan.contextRange,
      contextFormat: plan.context,
      async context(lane) {
        const heads = await lane.matmul(
          lane.transpose(probabilities, [1, 0, 2]),
          split(value, [1, 0, 2]),
          plan.context,
        );
        return lane.reshape(lane.transpose(shrink(lane, heads, plan.context), [1, 0, 2]), [queries, hidden]);
      },
      scores: async (lane) =>
        scored && mask?.kind === 'shared'
          ? textScores(lane, measured, mask)
          : lane.sum(lane.sum(measured, 0), 0),
    };
  },
);
