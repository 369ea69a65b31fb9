/**
 * The encoder classifier with soft or hard token masks, in TensorFlow.js operations. Shapes are [rows, features] with
 * rows = batch · tokens; layers and weights have Hugging Face's names.
 */
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../../config/schema.js';
import type { CurveSet, Piecewise } from '../../methods/curves.js';
import { embeddingWidth, groupOfLayer, isReducedGroup, type ModelConfig } from '../../model/config.js';
import { onNativeBackend } from '../backend/kernel.js';
import type { Batch } from '../loop/batches.js';
import { type AttentionOutputs, attention } from '../ops/attention.js';
import { applyCurve, mixCurves } from '../ops/curve.js';
import { embedding } from '../ops/embedding.js';
import { layerNorm } from '../ops/layer-norm.js';
import { linear } from '../ops/linear.js';
import { gatherRows } from '../ops/rows.js';
import { excessOf } from './excess.js';
import { indecision, type LayerMasks, type TokenMasks, tokenMasks } from './masks.js';
import { layerPrefix, type Weights, WORD_TABLE } from './parameters.js';
import { allRows, keptRows, masksByPlace, type TokenRows } from './token-rows.js';

export interface EncoderOptions {
  readonly curves: CurveSet;
  /** Per layer; the last one prunes nothing. Null for a model without masks. */
  readonly masks: readonly LayerMasks[] | null;
  /** Rates, 0 in evaluation, and a seed that changes with every step. */
  readonly dropout: { readonly hidden: number; readonly attention: number; readonly seed: number };
  /** `cls`: the last layer computes [CLS] only, which is exact for a classifier; `all` to look at hidden states. */
  readonly lastLayer: 'cls' | 'all';
  /** Of the products of the encoder layers' weight matrices; float32 where it is not given. */
  readonly precision?: Precision;
  /**
   * Leave rows out that hard masks prune, and padding: the same function in less time, on the native backend. Observers
   * then see fewer rows too. Not for soft masks, which give pruned tokens a gradient.
   */
  readonly compact?: boolean;
  /** Compute the layers' indecision. */
  readonly polarize?: boolean;
  /** Measure how far activations' inputs go beyond this: `excess`. Null: no. */
  readonly limit?: number | null;
  /** Called with named intermediate values, for calibration and checks. */
  readonly observe?: (layer: number | null, name: ObservedName, value: tf.Tensor) => void;
}

export type ObservedName =
  | 'embedding'
  | 'embeddingNorm'
  | 'query'
  | 'key'
  | 'value'
  | 'context'
  | 'scores'
  | 'attentionResidual'
  | 'attentionNorm'
  | 'geluInput'
  | 'squareInput'
  | 'outputResidual'
  | 'outputNorm'
  | 'kept'
  | 'poolerInput'
  | 'pooler'
  | 'logits';

export const NO_DROPOUT = { hidden: 0, attention: 0, seed: 0 } as const;

/** What a forward pass gives. */
export interface EncoderOutput {
  /** [batch, labels] */
  readonly logits: tf.Tensor2D;
  /** Masks after every layer's attention: what leaves its pruning. [batch · tokens] each. */
  readonly layers: readonly TokenMasks[];
  /** Per pruning layer, if asked for: `indecision` of masks.ts. */
  readonly indecision: readonly tf.Scalar[];
  /** Per layer, if asked for: mean over its rows of Σ (|x| - limit)² over the activations' inputs beyond the limit. */
  readonly excess: readonly tf.Scalar[];
}

/** Tokens that are still there, one a row. */
interface Tokens {
  readonly masks: TokenMasks;
  readonly rows: TokenRows;
}

const line = (slope: number): Piecewise => ({
  kind: 'polynomial',
  squarings: 0,
  bounds: [],
  segments: [[0, slope]],
});
const [SAME, NOTHING] = [line(1), line(0)];

/** high where the weight [rows] is 1, low where it is 0. */
const mixRows = (high: tf.Tensor2D, low: tf.Tensor2D, weight: tf.Tensor1D): tf.Tensor2D =>
  tf.add(mixCurves(high, weight, SAME, NOTHING), mixCurves(low, weight, NOTHING, SAME));

const floats = (tensor: tf.Tensor): Float32Array => tensor.dataSync() as Float32Array;

/** One forward pass with the names of its weights resolved. */
class Forward {
  #drops = 0;
  readonly indecision: tf.Scalar[] = [];
  readonly excess: tf.Scalar[] = [];

  readonly #weights: Weights;
  readonly #config: ModelConfig;
  readonly #options: EncoderOptions;

  constructor(weights: Weights, config: ModelConfig, options: EncoderOptions) {
    this.#weights = weights;
    this.#config = config;
    this.#options = options;
  }

  #weight<T extends tf.Tensor>(name: string): T {
    const tensor = this.#weights[name];
    if (!tensor) throw new Error(`encoder: weight ${name}: expected a tensor, got nothing`);
    return tensor as T;
  }

  #linear(x: tf.Tensor2D, name: string): tf.Tensor2D {
    const bfloat16 = this.#options.precision === 'bf16' && name.startsWith('encoder.');
    return linear(x, this.#weight(`${name}.weight`), this.#weight(`${name}.bias`), bfloat16);
  }

  /** Of the weights of a layer, which it may share with others. */
  #prefix(layer: number): string {
    return layerPrefix(groupOfLayer(this.#config, layer));
  }

  /** A seed for the next dropout of this step. */
  #seed(): number {
    this.#drops++;
    return (this.#options.dropout.seed + Math.imul(this.#drops, 0x9e3779b1)) >>> 0;
  }

  #norm(name: string, x: tf.Tensor2D, residual: tf.Tensor2D | null, rowWeight: tf.Tensor1D): tf.Tensor2D {
    const { hidden } = this.#options.dropout;
    const inputs = {
      x,
      residual,
      gamma: this.#weight<tf.Tensor1D>(`${name}.LayerNorm.weight`),
      beta: this.#weight<tf.Tensor1D>(`${name}.LayerNorm.bias`),
      rowWeight,
    };
    return layerNorm(inputs, {
      epsilon: this.#config.layerNormEpsilon,
      inputDropout: residual ? hidden : 0,
      outputDropout: residual ? 0 : hidden,
      seed: this.#seed(),
    });
  }

  #observe(layer: number | null, name: ObservedName, value: tf.Tensor): void {
    this.#options.observe?.(layer, name, value);
  }

  embed(batch: Batch, words: Int32Array): tf.Tensor2D {
    const { tokenTypes } = this.#config;
    const tables = {
      word: this.#weight<tf.Tensor2D>(WORD_TABLE),
      position: this.#weight<tf.Tensor2D>('embeddings.position_embeddings.weight'),
      // Families without token types: as if there were one, of zeros.
      tokenType:
        tokenTypes > 0
          ? this.#weight<tf.Tensor2D>('embeddings.token_type_embeddings.weight')
          : tf.zeros<tf.Rank.R2>([1, embeddingWidth(this.#config)]),
    };
    const types = tokenTypes > 0 ? batch.types : new Int32Array(batch.types.length);
    const sum = embedding(tables, tf.tensor1d(words, 'int32'), tf.tensor1d(types, 'int32'), batch.tokens);
    const normed = this.#norm('embeddings', sum, null, tf.ones([words.length]));
    if (this.#config.embeddingSize !== null) this.#observe(null, 'embeddingNorm', normed);
    const x = this.#config.embeddingSize === null ? normed : this.#linear(normed, 'embeddings.projection');
    this.#observe(null, 'embedding', x);
    return x;
  }

  /** Leaves out rows that are masked, where that is asked for. */
  compact<T extends { readonly [name: string]: tf.Tensor2D }>(
    { masks, rows }: Tokens,
    tensors: T,
  ): Tokens & T {
    const fewer = this.#options.compact && onNativeBackend() ? keptRows(rows, floats(masks.kept)) : null;
    if (!fewer) return { masks, rows, ...tensors };
    const { numbers } = fewer;
    const important = floats(masks.important);
    const gathered = Object.entries(tensors).map(([name, tensor]) => [name, gatherRows(tensor, numbers)]);
    return {
      masks: {
        kept: tf.ones([numbers.length]),
        own: tf.ones([numbers.length]),
        important: tf.tensor1d(Float32Array.from(numbers, (row) => important[row]!)),
      },
      rows: fewer.rows,
      ...(Object.fromEntries(gathered) as T),
    };
  }

  /** x [rows, hidden] → the layer's output and its rows; the last layer gives one row a sequence. */
  layer(at: number, x: tf.Tensor2D, { masks: before, rows }: Tokens): Tokens & { readonly x: tf.Tensor2D } {
    const last = at === this.#config.layers - 1;
    if (last && this.#options.lastLayer === 'cls') return this.#lastLayer(at, x, { masks: before, rows });
    const { context, scores } = this.#attend(at, x, x, { masks: before, rows });
    this.#observe(at, 'scores', scores!);
    const layerMasks = this.#options.masks?.[at];
    const masks = last || !layerMasks ? before : tokenMasks(scores!, before, rows, layerMasks);
    if (this.#options.polarize && !last && layerMasks)
      this.indecision.push(indecision(scores!, before, rows.cls.off, layerMasks));
    // What follows is of the kept tokens only.
    this.#observe(at, 'kept', masks.kept);
    const kept = this.compact({ masks, rows }, { x, context });
    return { masks: kept.masks, rows: kept.rows, x: this.#feedForward(at, kept.x, kept.context, kept.masks) };
  }

  /** [CLS] alone: its query, its feed-forward. */
  #lastLayer(at: number, x: tf.Tensor2D, tokens: Tokens): Tokens & { readonly x: tf.Tensor2D } {
    const ones = tf.ones([tokens.rows.first.length]) as tf.Tensor1D;
    const first = gatherRows(x, tokens.rows.first);
    const { context } = this.#attend(at, x, first, tokens);
    this.#observe(at, 'kept', tokens.masks.kept);
    return {
      ...tokens,
      x: this.#feedForward(at, first, context, { kept: ones, own: ones, important: ones }),
    };
  }

  /** Attention of `queries`, which are x itself or the first row of every sequence. */
  #attend(at: number, x: tf.Tensor2D, queries: tf.Tensor2D, { masks, rows }: Tokens): AttentionOutputs {
    const prefix = `${this.#prefix(at)}.attention.self`;
    const firstOnly = queries !== x;
    const q = this.#linear(queries, `${prefix}.query`);
    const k = this.#linear(x, `${prefix}.key`);
    const v = this.#linear(x, `${prefix}.value`);
    const rowHigh = firstOnly ? (tf.ones([rows.first.length]) as tf.Tensor1D) : masks.important;
    const { context, scores } = attention(
      { q, k, v, columnWeight: masks.kept, rowHigh },
      {
        lengths: rows.lengths,
        firstOnly,
        heads: this.#config.heads,
        dropout: this.#options.dropout.attention,
        seed: this.#seed(),
        high: this.#options.curves.expHigh,
        low: this.#options.curves.expLow,
        highShift: this.#options.curves.softmax.high,
        lowShift: this.#options.curves.softmax.low,
        mostHalvings: this.#options.curves.mostHalvings ?? 0,
      },
    );
    for (const [name, value] of Object.entries({ query: q, key: k, value: v, context }))
      this.#observe(at, name as ObservedName, value);
    return { context, scores };
  }

  #feedForward(at: number, x: tf.Tensor2D, context: tf.Tensor2D, masks: TokenMasks): tf.Tensor2D {
    const prefix = this.#prefix(at);
    const { curves, masks: layerMasks } = this.#options;
    const projected = this.#linear(context, `${prefix}.attention.output.dense`);
    if (this.#options.observe) this.#observe(at, 'attentionResidual', projected.add(x));
    // The soft mask multiplies the features between attention and feed-forward; a hard one only leaves rows out.
    const attended = this.#norm(`${prefix}.attention.output`, projected, x, masks.kept);
    this.#observe(at, 'attentionNorm', attended);
    const inner = this.#linear(attended, `${prefix}.intermediate.dense`);
    const isLinear = layerMasks !== undefined && isReducedGroup(this.#config, groupOfLayer(this.#config, at));
    // What rows of low degree compute there is nothing that anybody uses.
    const ofHigh = isLinear && this.#options.observe;
    this.#observe(at, 'geluInput', ofHigh ? mixCurves(inner, masks.important, SAME, NOTHING) : inner);
    const { limit = null } = this.#options;
    if (limit !== null) {
      const weights = isLinear ? masks.kept.mul<tf.Tensor1D>(masks.important) : masks.kept;
      this.excess.push(excessOf(inner, weights, limit));
    }
    const { high, low } = curves.activation[this.#config.activation];
    const activated = mixCurves(inner, masks.important, high, layerMasks ? low : high);
    const whole = this.#linear(activated, `${prefix}.output.dense`);
    const hidden = isLinear ? mixRows(whole, this.#reduced(at, attended, masks), masks.important) : whole;
    if (this.#options.observe) this.#observe(at, 'outputResidual', hidden.add(attended));
    const output = this.#norm(`${prefix}.output`, hidden, attended, tf.onesLike(masks.kept));
    this.#observe(at, 'outputNorm', output);
    return output;
  }

  /** What rows of low degree have in place of the feed-forward layers. */
  #reduced(at: number, x: tf.Tensor2D, { important }: TokenMasks): tf.Tensor2D {
    const name = `${this.#prefix(at)}.reduced`;
    const line = this.#linear(x, name);
    if (!this.#config.reducedSquares) return line;
    const inner = this.#linear(x, `${name}.inner`);
    if (this.#options.observe) this.#observe(at, 'squareInput', mixCurves(inner, important, NOTHING, SAME));
    return line.add(this.#linear(inner.square(), `${name}.outer`));
  }

  classify(x: tf.Tensor2D, first: Int32Array): tf.Tensor2D {
    const rows = x.shape[0] === first.length ? x : gatherRows(x, first);
    const inner = this.#linear(rows, 'pooler.dense');
    this.#observe(null, 'poolerInput', inner);
    const pooled = applyCurve(inner, this.#options.curves.head[this.#config.headActivation]);
    this.#observe(null, 'pooler', pooled);
    const logits = this.#linear(pooled, 'classifier');
    this.#observe(null, 'logits', logits);
    return logits;
  }
}

/** Runs the encoder classifier on a batch whose word ids point into `weights[word table]`. Call inside tf.tidy. */
export function encode(
  weights: Weights,
  config: ModelConfig,
  batch: Batch,
  words: Int32Array,
  options: EncoderOptions,
): EncoderOutput {
  const forward = new Forward(weights, config, options);
  const real = tf.tensor1d(batch.real, 'float32');
  const all: Tokens = {
    masks: { kept: real, own: real, important: tf.onesLike(real) },
    rows: allRows(batch),
  };
  let tokens = forward.compact(all, { x: forward.embed(batch, words) });
  const layers: TokenMasks[] = [];
  for (let at = 0; at < config.layers; at++) {
    tokens = forward.layer(at, tokens.x, tokens);
    layers.push(masksByPlace(tokens.masks, tokens.rows, batch.real.length));
  }
  const { indecision, excess } = forward;
  return { logits: forward.classify(tokens.x, tokens.rows.first), layers, indecision, excess };
}
