/**
 * The BERT encoder classifier with soft or hard token masks, in TensorFlow.js operations. Shapes are [rows, features] with
 * rows = batch · tokens; layers and weights have Hugging Face's names.
 */
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../configs/schema.js';
import type { ModelConfig } from '../model/config.js';
import type { Batch } from './batches.js';
import type { CurveSet } from './curves.js';
import { type LayerMasks, type TokenMasks, tokenMasks } from './masks.js';
import { attention } from './ops/attention.js';
import { applyCurve, mixCurves } from './ops/curve.js';
import { embedding, firstTokens } from './ops/embedding.js';
import { layerNorm } from './ops/layer-norm.js';
import { linear } from './ops/linear.js';
import { layerPrefix, type Weights, wordTable } from './parameters.js';

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
  /** Called with named intermediate values, for calibration and checks. */
  readonly observe?: (layer: number | null, name: ObservedName, value: tf.Tensor) => void;
}

export type ObservedName =
  | 'embedding'
  | 'query'
  | 'key'
  | 'value'
  | 'context'
  | 'scores'
  | 'attentionResidual'
  | 'attentionNorm'
  | 'geluInput'
  | 'outputResidual'
  | 'outputNorm'
  | 'kept'
  | 'poolerInput'
  | 'pooler'
  | 'logits';

export const noDropout = { hidden: 0, attention: 0, seed: 0 } as const;

/** What a forward pass gives. */
export interface EncoderOutput {
  /** [batch, labels] */
  readonly logits: tf.Tensor2D;
  /** Masks after every layer's attention: what leaves its pruning. [batch · tokens] each. */
  readonly layers: readonly TokenMasks[];
}

/** Inputs of one batch as tensors. */
interface Sequences {
  readonly batch: number;
  readonly tokens: number;
  readonly words: tf.Tensor1D;
  readonly types: tf.Tensor1D;
  readonly real: tf.Tensor1D;
  readonly cls: { readonly on: tf.Tensor1D; readonly off: tf.Tensor1D };
}

export function sequencesOf(batch: Batch, words: Int32Array): Sequences {
  const on = Float32Array.from({ length: batch.size * batch.tokens }, (_, i) =>
    i % batch.tokens === 0 ? 1 : 0,
  );
  return {
    batch: batch.size,
    tokens: batch.tokens,
    words: tf.tensor1d(words, 'int32'),
    types: tf.tensor1d(batch.types, 'int32'),
    real: tf.tensor1d(batch.real, 'float32'),
    cls: { on: tf.tensor1d(on), off: tf.tensor1d(on.map((x) => 1 - x)) },
  };
}

/** One forward pass with the names of its weights resolved. */
class Forward {
  private drops = 0;

  constructor(
    private readonly weights: Weights,
    private readonly config: ModelConfig,
    private readonly options: EncoderOptions,
  ) {}

  private weight<T extends tf.Tensor>(name: string): T {
    const tensor = this.weights[name];
    if (!tensor) throw new Error(`encoder: weight ${name}: expected a tensor, got nothing`);
    return tensor as T;
  }

  private linear(x: tf.Tensor2D, name: string): tf.Tensor2D {
    const bfloat16 = this.options.precision === 'bf16' && name.startsWith('encoder.');
    return linear(x, this.weight(`${name}.weight`), this.weight(`${name}.bias`), bfloat16);
  }

  /** A seed for the next dropout of this step. */
  private seed(): number {
    this.drops++;
    return (this.options.dropout.seed + Math.imul(this.drops, 0x9e3779b1)) >>> 0;
  }

  private norm(
    name: string,
    x: tf.Tensor2D,
    residual: tf.Tensor2D | null,
    rowWeight: tf.Tensor1D,
  ): tf.Tensor2D {
    const { hidden } = this.options.dropout;
    const inputs = {
      x,
      residual,
      gamma: this.weight<tf.Tensor1D>(`${name}.LayerNorm.weight`),
      beta: this.weight<tf.Tensor1D>(`${name}.LayerNorm.bias`),
      rowWeight,
    };
    return layerNorm(inputs, {
      epsilon: this.config.layerNormEpsilon,
      inputDropout: residual ? hidden : 0,
      outputDropout: residual ? 0 : hidden,
      seed: this.seed(),
    });
  }

  private observe(layer: number | null, name: ObservedName, value: tf.Tensor): void {
    this.options.observe?.(layer, name, value);
  }

  embed(sequences: Sequences): tf.Tensor2D {
    const tables = {
      word: this.weight<tf.Tensor2D>(wordTable),
      position: this.weight<tf.Tensor2D>('embeddings.position_embeddings.weight'),
      tokenType: this.weight<tf.Tensor2D>('embeddings.token_type_embeddings.weight'),
    };
    const sum = embedding(tables, sequences.words, sequences.types, sequences.tokens);
    const x = this.norm('embeddings', sum, null, tf.onesLike(sequences.real));
    this.observe(null, 'embedding', x);
    return x;
  }

  /** x [rows, hidden] → the layer's output and masks; the last layer gives one row a sequence. */
  layer(
    at: number,
    x: tf.Tensor2D,
    before: TokenMasks,
    sequences: Sequences,
  ): { x: tf.Tensor2D; masks: TokenMasks } {
    const { batch, tokens } = sequences;
    const prefix = layerPrefix(at);
    const last = at === this.config.layers - 1;
    const only = last && this.options.lastLayer === 'cls';
    const rows = only ? firstTokens(x, batch) : x;
    const ones = tf.ones([batch]) as tf.Tensor1D;
    const q = this.linear(rows, `${prefix}.attention.self.query`);
    const k = this.linear(x, `${prefix}.attention.self.key`);
    const v = this.linear(x, `${prefix}.attention.self.value`);
    const { context, scores } = attention(
      { q, k, v, columnWeight: before.kept, rowHigh: only ? ones : before.important },
      {
        batch,
        queries: only ? 1 : tokens,
        tokens,
        heads: this.config.heads,
        dropout: this.options.dropout.attention,
        seed: this.seed(),
        high: this.options.curves.expHigh,
        low: this.options.curves.expLow,
      },
    );
    for (const [name, value] of [
      ['query', q],
      ['key', k],
      ['value', v],
      ['context', context],
    ] as const)
      this.observe(at, name, value);
    if (scores) this.observe(at, 'scores', scores);
    const layerMasks = this.options.masks?.[at];
    const masks =
      !last && layerMasks && scores ? tokenMasks(scores, before, sequences.cls, layerMasks) : before;
    // What follows is of the kept tokens only.
    this.observe(at, 'kept', masks.kept);
    const here: TokenMasks = only ? { kept: ones, important: ones } : masks;
    return { x: this.feedForward(at, rows, context, here), masks };
  }

  private feedForward(at: number, x: tf.Tensor2D, context: tf.Tensor2D, masks: TokenMasks): tf.Tensor2D {
    const prefix = layerPrefix(at);
    const { curves, masks: layerMasks } = this.options;
    const projected = this.linear(context, `${prefix}.attention.output.dense`);
    if (this.options.observe) this.observe(at, 'attentionResidual', projected.add(x));
    // The soft mask multiplies the features between attention and feed-forward; a hard one only leaves rows out.
    const attended = this.norm(`${prefix}.attention.output`, projected, x, masks.kept);
    this.observe(at, 'attentionNorm', attended);
    const inner = this.linear(attended, `${prefix}.intermediate.dense`);
    this.observe(at, 'geluInput', inner);
    const low = layerMasks ? curves.geluLow : curves.geluHigh;
    const activated = mixCurves(inner, masks.important, curves.geluHigh, low);
    const hidden = this.linear(activated, `${prefix}.output.dense`);
    if (this.options.observe) this.observe(at, 'outputResidual', hidden.add(attended));
    const output = this.norm(`${prefix}.output`, hidden, attended, tf.onesLike(masks.kept));
    this.observe(at, 'outputNorm', output);
    return output;
  }

  classify(x: tf.Tensor2D, batch: number): tf.Tensor2D {
    const rows = x.shape[0] === batch ? x : firstTokens(x, batch);
    const inner = this.linear(rows, 'pooler.dense');
    this.observe(null, 'poolerInput', inner);
    const pooled = applyCurve(inner, this.options.curves.tanh);
    this.observe(null, 'pooler', pooled);
    const logits = this.linear(pooled, 'classifier');
    this.observe(null, 'logits', logits);
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
  const sequences = sequencesOf(batch, words);
  let x = forward.embed(sequences);
  let masks: TokenMasks = { kept: sequences.real, important: tf.onesLike(sequences.real) };
  const layers: TokenMasks[] = [];
  for (let at = 0; at < config.layers; at++) {
    const output = forward.layer(at, x, masks, sequences);
    x = output.x;
    masks = output.masks;
    layers.push(masks);
  }
  return { logits: forward.classify(x, batch.size), layers };
}
