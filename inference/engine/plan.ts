/**
 * Ring widths and fraction bits of a layer, from the ranges that calibration measured: the one place where they are
 * chosen. Ranges get one bit of margin here. Everything rests in the ring of the linear layers (37 bits, 12 of them
 * fraction) and in between runs in the smallest ring that holds it; `functions/` choose what lies inside a function.
 */
import { methodOf } from '../../methods/reference.js';
import type { LayerRanges, PrivateEmbedding, PublicModel } from '../../model/artifact/artifact.js';
import { gammaBitsOf, USUAL_GAMMA_BITS } from '../../model/artifact/gamma-bits.js';
import { embeddingWidth } from '../../model/config.js';
import { MOST_ANSWER_BITS } from '../core/answer.js';
import type { RingFormat } from '../core/ring-tensor.js';
import type { ActivationPlan } from '../functions/activation-plan.js';
import { signedBits, wideningBits } from '../functions/fixed-point.js';
import type { LayerNormPlan } from '../functions/layer-norm.js';
import type { SoftmaxPlan } from '../functions/softmax-plan.js';

export interface AttentionPlan {
  /** Query and key as factors: their product's ring holds the logits with the mask. */
  readonly query: RingFormat;
  readonly key: RingFormat;
  readonly queryRange: number;
  readonly keyRange: number;
  readonly logits: RingFormat;
  /** What the client adds to logits that do not count, where there is padding; null where that does not help. */
  readonly mask: number | null;
  readonly softmax: SoftmaxPlan;
  /** As a factor of the probabilities. */
  readonly value: RingFormat;
  readonly valueRange: number;
  readonly context: RingFormat;
  readonly contextRange: number;
}

export interface LayerPlan {
  readonly attention: AttentionPlan;
  readonly attentionNorm: LayerNormPlan;
  readonly activation: ActivationPlan;
  /** Of rows of low degree, where they have squares. */
  readonly squares: ActivationPlan;
  readonly outputNorm: LayerNormPlan;
}

/** Calibration sees some texts; others may reach twice as far, and variances four times. */
const MARGIN = 2;
const VARIANCE_MARGIN = 4;

/**
 * Ranges count at least this much: where calibration kept [CLS] alone, another text may keep two tokens.
 */
const SMALLEST_RANGE = 2;
const widened = (range: number): number => MARGIN * Math.max(range, SMALLEST_RANGE);

const QUERY_FRACTION_BITS = 9;
/** One bit less: then the logits' ring of a typical model stays below the 27 bits for which ciphertexts need another prime. */
const KEY_FRACTION_BITS = 8;
const LOGIT_FRACTION_BITS = 8;
const VALUE_FRACTION_BITS = 9;
const PROBABILITY_FRACTION_BITS = 11;
const CONTEXT_FRACTION_BITS = 12;

/** The ring in which linear layers take their inputs. */
export const restingFormat = ({ fixedPoint: { ringBits, fractionBits } }: PublicModel): RingFormat => ({
  ringBits,
  fractionBits,
});

function attentionPlan(
  model: PublicModel,
  ranges: LayerRanges,
  tokens: number,
  padded: boolean,
): AttentionPlan {
  const largest = widened(ranges.logits);
  const { zeroBelow, leastSpread } = methodOf(model.method).logits;
  // A masked logit lies below the clip of exp even if it is the largest and the row's maximum the smallest.
  const mask = zeroBelow === null ? null : 2 * largest - zeroBelow + 1;
  const spread = Math.max(leastSpread, 2 * largest + (padded ? (mask ?? 0) : 0) + 1);
  const logits = {
    ringBits: signedBits(spread, LOGIT_FRACTION_BITS),
    fractionBits: LOGIT_FRACTION_BITS,
  };
  const factorRing = logits.ringBits + QUERY_FRACTION_BITS + KEY_FRACTION_BITS - LOGIT_FRACTION_BITS;
  // The probabilities' ring serves two purposes: their product with the values, and the scores, which are sums over all
  // heads and rows.
  const contextRange = widened(ranges.context);
  const productRing = wideningBits(contextRange, VALUE_FRACTION_BITS + PROBABILITY_FRACTION_BITS);
  const scoreRing = signedBits(2 * model.config.heads * tokens, PROBABILITY_FRACTION_BITS);
  const probabilityRing = Math.max(productRing, scoreRing);
  return {
    query: { ringBits: factorRing, fractionBits: QUERY_FRACTION_BITS },
    key: { ringBits: factorRing, fractionBits: KEY_FRACTION_BITS },
    queryRange: widened(ranges.query),
    keyRange: widened(ranges.key),
    logits,
    mask,
    softmax: {
      spread,
      largest,
      out: { ringBits: probabilityRing, fractionBits: PROBABILITY_FRACTION_BITS },
    },
    value: { ringBits: probabilityRing, fractionBits: VALUE_FRACTION_BITS },
    valueRange: widened(ranges.value),
    context: {
      ringBits: wideningBits(contextRange, CONTEXT_FRACTION_BITS),
      fractionBits: CONTEXT_FRACTION_BITS,
    },
    contextRange,
  };
}

const normPlan = (
  model: PublicModel,
  input: number,
  variance: { readonly min: number; readonly max: number },
  output: number,
  gammaBits = model.scales.gammaBits ?? USUAL_GAMMA_BITS,
): LayerNormPlan => ({
  epsilon: model.config.layerNormEpsilon,
  inputRange: widened(input),
  variance: { low: variance.min / VARIANCE_MARGIN, high: variance.max * VARIANCE_MARGIN },
  outputRange: widened(output),
  gammaBits,
  out: restingFormat(model),
});

export const attentionNormPlan = (model: PublicModel, ranges: LayerRanges): LayerNormPlan =>
  normPlan(model, ranges.attentionResidual, ranges.attentionVariance, ranges.attentionNorm);

export const outputNormPlan = (model: PublicModel, ranges: LayerRanges): LayerNormPlan =>
  normPlan(model, ranges.outputResidual, ranges.outputVariance, ranges.outputNorm);

/**
 * For words that calibration never met: a normalised value is at most the square root of the features, and at most the
 * largest deviation over the smallest spread.
 */
export function embeddingNormPlan(model: PublicModel, { sum, variance }: PrivateEmbedding): LayerNormPlan {
  const { gamma, beta } = model.embedding.norm;
  const largest = (values: Float64Array) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const normal = Math.min(Math.sqrt(embeddingWidth(model.config)), (2 * sum) / Math.sqrt(variance.min));
  return normPlan(model, sum, variance, normal * largest(gamma) + largest(beta), gammaBitsOf([gamma]));
}

/** Formats of layer `layer` for at most `tokens` tokens, among which padding may still be: the mask takes a bit of the logits. */
export function layerPlan(model: PublicModel, layer: number, tokens: number, padded: boolean): LayerPlan {
  const ranges = model.ranges.layers[layer]!;
  return {
    attention: attentionPlan(model, ranges, tokens, padded),
    attentionNorm: attentionNormPlan(model, ranges),
    activation: { inputRange: widened(ranges.geluInput), out: restingFormat(model) },
    squares: { inputRange: widened(ranges.squareInput ?? 0), out: restingFormat(model) },
    outputNorm: outputNormPlan(model, ranges),
  };
}

export interface AnswerPlan {
  /** Logits stay below. */
  readonly range: number;
  readonly softmax: SoftmaxPlan;
}

/** One bit more than the finest answer. */
const ANSWER_FRACTION_BITS = MOST_ANSWER_BITS + 1;

export function answerPlan(model: PublicModel): AnswerPlan {
  const range = widened(model.ranges.logits);
  const out = { ringBits: signedBits(2, ANSWER_FRACTION_BITS) + 1, fractionBits: ANSWER_FRACTION_BITS };
  return { range, softmax: { spread: Math.max(17, 2 * range + 1), largest: range, out, precise: true } };
}

/** Of the head's activation. */
export const headPlan = (model: PublicModel): ActivationPlan => ({
  inputRange: widened(model.ranges.poolerInput),
  out: restingFormat(model),
});

/** Of the classifier's output, exact. */
export function logitsFormat(model: PublicModel): RingFormat {
  const { ringBits, fractionBits } = headPlan(model).out;
  return { ringBits, fractionBits: fractionBits + model.scales.classifier.fractionBits };
}

/** What the projection of a narrow embedding reaches. */
export const projectionRange = (model: PublicModel): number => widened(model.ranges.embedding);
