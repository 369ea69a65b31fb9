/** A model made ready for inference: the server's matrices prepared by the backend, its vectors encoded. */

import { privateThresholds, roundsToZero } from '../../methods/cipherprune/thresholds.js';
import { methodOf } from '../../methods/reference.js';
import type {
  LayerNormWeights,
  LayerScales,
  MatrixScale,
  PrivateModel,
  PublicModel,
  QuantizedLinear,
} from '../../model/artifact/artifact.js';
import { embeddingWidth, groupOfLayer } from '../../model/config.js';
import { bucketOf } from '../../model/padded-length.js';
import { summedOverHeads } from '../../model/thresholds.js';
import type { Backend, Weight } from '../backends/backend.js';
import { privateTensor } from '../core/ring-tensor.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor } from '../core/tensors.js';
import { type LayerNormParameters, type LayerNormPlan, layerNormFormats } from '../functions/layer-norm.js';
import { joined } from './joined-weights.js';
import { attentionNormPlan, embeddingNormPlan, outputNormPlan } from './plan.js';
import type { PreparedEmbedding } from './secret-embedding.js';

/** Of rows of low degree, in place of the feed-forward layers. */
export interface ReducedWeights {
  /** The linear layer, and beside it what is squared: one product. Their scales may differ. */
  readonly inner: Weight;
  /** Of the squares; null where there are none. */
  readonly outer: Weight | null;
}

export interface PreparedLayer {
  /** Query, key and value side by side: one product. Their scales may differ; `scales` has them. */
  readonly queryKeyValue: Weight;
  readonly attentionOutput: Weight;
  readonly attentionNorm: LayerNormParameters;
  readonly intermediate: Weight;
  readonly output: Weight;
  /** Null where rows of low degree have GELU of low degree. */
  readonly reduced: ReducedWeights | null;
  readonly outputNorm: LayerNormParameters;
  readonly scales: LayerScales;
  /** -prune and -reduce [2] of sums over heads, the server's; null where none is compared with. */
  readonly thresholds: PrivateTensor | null;
}

export interface PreparedModel {
  readonly public: PublicModel;
  /** Null where the client looks its words up by itself. */
  readonly embedding: PreparedEmbedding | null;
  /** Null where the embedding is as wide as the layers. */
  readonly projection: Weight | null;
  readonly layers: readonly PreparedLayer[];
  readonly pooler: Weight;
  readonly classifier: Weight;
}

interface LinearShape {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

function prepareLinear(
  mpc: Backend,
  shape: LinearShape,
  scales: readonly MatrixScale[],
  parts: readonly QuantizedLinear[] | null,
): Promise<Weight> {
  const { fractionBits } = scales[0]!;
  const weightBits = Math.max(...scales.map((scale) => scale.weightBits));
  const norms = scales.flatMap((scale) => scale.normBits ?? []);
  const normBits = norms.length === scales.length ? Math.max(...norms) : undefined;
  const { matrix, bias } = parts ? joined(parts, fractionBits) : { matrix: null, bias: null };
  return mpc.prepare({ ...shape, weightBits, normBits, fractionBits, matrix, bias });
}

function prepareNorm(
  mpc: Backend,
  features: number,
  plan: LayerNormPlan,
  weights: LayerNormWeights | null,
): LayerNormParameters {
  const formats = layerNormFormats(plan);
  const gamma = privateTensor('server', [features], formats.gamma, weights?.gamma ?? null);
  mpc.prepareFactors?.(gamma);
  return {
    gamma,
    beta: privateTensor('server', [features], formats.beta, weights?.beta ?? null),
  };
}

/** Thresholds for sums over heads. Without reduction every kept token is important. */
function preparedThresholds(
  model: PublicModel,
  secret: PrivateModel | null,
  layer: number,
): PrivateTensor | null {
  const { name, learns, eliminatesIn } = methodOf(model.method);
  const { heads, layers } = model.config;
  // A schedule says how many tokens stay, whatever the thresholds are.
  if (learns === 'nothing' || model.schedule || !eliminatesIn(layer, layers)) return null;
  const largest = heads * bucketOf(model.maxTokens);
  if (secret === null) return privateThresholds(null, largest);
  const thresholds = secret.layers[layer]!.thresholds;
  if (thresholds === null)
    throw new RangeError(`prepare: expected thresholds of layer ${layer} for ${name}, got none`);
  if (layer === 0 && roundsToZero(thresholds.prune * heads)) {
    throw new RangeError(
      'prepare: expected layer 0 to prune above 0, so that padding leaves, got a threshold that rounds to 0',
    );
  }
  const { prune } = thresholds;
  const reduce = learns === 'prune-reduce' ? Math.max(thresholds.reduce, prune) : prune;
  return privateThresholds(summedOverHeads({ prune, reduce }, heads), largest);
}

/** The matrices of a layer: what layers of one group share. */
type LayerWeights = Pick<
  PreparedLayer,
  'queryKeyValue' | 'attentionOutput' | 'intermediate' | 'output' | 'reduced'
>;

async function prepareMatrices(
  mpc: Backend,
  model: PublicModel,
  secret: PrivateModel | null,
  layer: number,
): Promise<LayerWeights> {
  const { hiddenSize: hidden, intermediateSize: intermediate, reducedSquares = 0 } = model.config;
  const scales = model.scales.layers[layer]!;
  const weights = secret?.layers[layer] ?? null;
  const linear = (
    name: string,
    inputs: number,
    outputs: number,
    scale: readonly MatrixScale[],
    parts: readonly QuantizedLinear[] | null,
  ) => prepareLinear(mpc, { name: `layer${layer}/${name}`, inputs, outputs }, scale, parts);
  return {
    queryKeyValue: await linear(
      'queryKeyValue',
      hidden,
      3 * hidden,
      [scales.query, scales.key, scales.value],
      weights && [weights.query, weights.key, weights.value],
    ),
    attentionOutput: await linear(
      'attentionOutput',
      hidden,
      hidden,
      [scales.attentionOutput],
      weights && [weights.attentionOutput],
    ),
    intermediate: await linear(
      'intermediate',
      hidden,
      intermediate,
      [scales.intermediate],
      weights && [weights.intermediate],
    ),
    output: await linear('output', intermediate, hidden, [scales.output], weights && [weights.output]),
    reduced: scales.reduced
      ? {
          inner: await linear(
            'reduced',
            hidden,
            hidden + reducedSquares,
            [scales.reduced, ...(scales.reducedInner ? [scales.reducedInner] : [])],
            weights && [weights.reduced!, ...(weights.reducedInner ? [weights.reducedInner] : [])],
          ),
          outer: scales.reducedOuter
            ? await linear(
                'reducedOuter',
                reducedSquares,
                hidden,
                [scales.reducedOuter],
                weights && [weights.reducedOuter!],
              )
            : null,
        }
      : null,
  };
}

/** A layer's own: its vectors at the scales of its ranges, and its thresholds. */
function prepareLayer(
  mpc: Backend,
  model: PublicModel,
  secret: PrivateModel | null,
  layer: number,
  matrices: LayerWeights,
): PreparedLayer {
  const { hiddenSize: hidden } = model.config;
  const ranges = model.ranges.layers[layer]!;
  const weights = secret?.layers[layer] ?? null;
  return {
    ...matrices,
    attentionNorm: prepareNorm(mpc, hidden, attentionNormPlan(model, ranges), weights?.attentionNorm ?? null),
    outputNorm: prepareNorm(mpc, hidden, outputNormPlan(model, ranges), weights?.outputNorm ?? null),
    scales: model.scales.layers[layer]!,
    thresholds: preparedThresholds(model, secret, layer),
  };
}

/** Where the word table is secret: a weight like any other. */
async function prepareEmbedding(
  mpc: Backend,
  model: PublicModel,
  secret: PrivateModel | null,
): Promise<PreparedEmbedding | null> {
  const { config, embedding, privateEmbedding: bounds } = model;
  if (!bounds) return null;
  const width = embeddingWidth(config);
  const table = secret === null ? null : secret.wordEmbedding;
  if (table === undefined) throw new RangeError('prepare: expected a secret word table, got none');
  return {
    bounds,
    word: await mpc.prepare({
      ...bounds.word,
      name: 'embedding/word',
      inputs: config.vocabularySize,
      outputs: width,
      matrix: table === null ? null : table.values,
      bias: table === null ? null : new Float64Array(width),
    }),
    norm: prepareNorm(mpc, width, embeddingNormPlan(model, bounds), secret && embedding.norm),
  };
}

/** Where the embedding is narrower than the layers. */
async function prepareProjection(
  mpc: Backend,
  { config, scales }: PublicModel,
  secret: PrivateModel | null,
): Promise<Weight | null> {
  if (scales.projection === undefined) return null;
  const shape = { name: 'projection', inputs: embeddingWidth(config), outputs: config.hiddenSize };
  return prepareLinear(mpc, shape, [scales.projection], secret && [secret.projection!]);
}

/** Once per connection; `secret` is null at the client. */
export const prepareModel = protocol(
  'prepare',
  async (mpc: Backend, model: PublicModel, secret: PrivateModel | null): Promise<PreparedModel> => {
    const { hiddenSize: hidden, labels } = model.config;
    const layers: PreparedLayer[] = [];
    const groups = new Map<number, LayerWeights>();
    for (let layer = 0; layer < model.config.layers; layer++) {
      const group = groupOfLayer(model.config, layer);
      const matrices = groups.get(group) ?? (await prepareMatrices(mpc, model, secret, layer));
      groups.set(group, matrices);
      layers.push(prepareLayer(mpc, model, secret, layer, matrices));
    }
    const head = (name: string, outputs: number, scale: MatrixScale, part: QuantizedLinear | null) =>
      prepareLinear(mpc, { name, inputs: hidden, outputs }, [scale], part && [part]);
    return {
      public: model,
      embedding: await prepareEmbedding(mpc, model, secret),
      projection: await prepareProjection(mpc, model, secret),
      layers,
      pooler: await head('pooler', hidden, model.scales.pooler, secret?.pooler ?? null),
      classifier: await head(
        'classifier',
        labels.length,
        model.scales.classifier,
        secret?.classifier ?? null,
      ),
    };
  },
);
