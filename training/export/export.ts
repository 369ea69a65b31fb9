/** Checkpoint → artifact: quantized weights, calibrated ranges, thresholds. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { methodReference } from '../../methods/reference.js';
import {
  type Artifact,
  type EncoderLayerWeights,
  type FixedPoint,
  type LayerNormWeights,
  type MatrixScale,
  type ModelRanges,
  type ModelScales,
  type PrivateModel,
  type QuantizedLinear,
  scalesOf,
} from '../../model/artifact/artifact.js';
import { gammaBitsOf } from '../../model/artifact/gamma-bits.js';
import type { Checkpoint } from '../../model/checkpoint/checkpoint.js';
import {
  groupOfLayer,
  headSize,
  isReducedGroup,
  type ModelConfig,
  weightGroups,
} from '../../model/config.js';
import { unwatched, type Watch } from '../evaluate/run-batches.js';
import { traceTokens } from '../evaluate/token-trace.js';
import type { EncodedExample } from '../loop/batches.js';
import { type ModelState, methodOfState, stateOfCheckpoint } from '../network/model-state.js';
import { layerPrefix, type Parameter, WORD_TABLE } from '../network/parameters.js';
import { calibrate } from './calibrate.js';
import type { RangeWarning } from './export-report.js';
import { type KeptShares, keptShares, measureSchedule } from './measure-schedule.js';
import { dequantize, type QuantizationReport, quantizeLinear, quantizeTable } from './quantize.js';

export interface ExportOptions {
  readonly weightBits: number;
  readonly embeddingBits: number;
  readonly fixedPoint: FixedPoint;
  /**
   * Public numbers of tokens for every padded length: this quantile of what the thresholds keep on the given sentences. Null: the
   * numbers are opened as the thresholds give them, text by text.
   */
  readonly scheduleQuantile?: number | null | undefined;
}

export interface ExportResult {
  readonly artifact: Artifact;
  /** The model that the artifact stands for, in float: weights as they are after rounding. */
  readonly state: ModelState;
  readonly tensors: readonly QuantizationReport[];
  readonly warnings: readonly RangeWarning[];
  /** Of the examples, by the schedule and by the thresholds that it was measured with; null without a schedule. */
  readonly kept: KeptShares | null;
}

/** Of tables that are small beside the words': more bits cost nothing there, and single rows are much larger than others. */
const POSITION_BITS = 16;

/** Products of a linear layer and resting numbers are below 2^9; the sign and the headroom of a widening take two bits more. */
const PRODUCT_BITS = 11;

/** Quantizes tensors by name and remembers what it did, and the rounded numbers. */
class Quantizer {
  readonly reports: QuantizationReport[] = [];
  readonly rounded = new Map<string, Parameter>();

  readonly #state: ModelState;
  readonly #options: ExportOptions;

  constructor(state: ModelState, options: ExportOptions) {
    this.#state = state;
    this.#options = options;
  }

  #parameter(name: string): Parameter {
    return this.#state.parameters.get(name)!;
  }

  /** `factor` is folded into the weights and the bias. */
  linear(name: string, factor = 1): QuantizedLinear {
    const { shape, values } = this.#parameter(`${name}.weight`);
    const scaled = values.map((value) => value * factor);
    const { weightBits, fixedPoint } = this.#options;
    const size = shape as [number, number];
    const most = Math.max(0, fixedPoint.ringBits - fixedPoint.fractionBits - PRODUCT_BITS);
    const { matrix, report } = quantizeLinear(`${name}.weight`, scaled, size, weightBits, most);
    this.reports.push(report);
    const floats = dequantize(matrix, true).map((value) => value / factor);
    this.rounded.set(`${name}.weight`, { shape, values: floats });
    const bias = this.#parameter(`${name}.bias`).values;
    return { matrix, bias: Float64Array.from(bias, (value) => value * factor) };
  }

  table(name: string, bits: number) {
    const { shape, values } = this.#parameter(name);
    const { matrix, report } = quantizeTable(name, values, shape as [number, number], bits);
    this.reports.push(report);
    this.rounded.set(name, { shape, values: dequantize(matrix, false) });
    return matrix;
  }

  norm(name: string): LayerNormWeights {
    return {
      gamma: Float64Array.from(this.#parameter(`${name}.LayerNorm.weight`).values),
      beta: Float64Array.from(this.#parameter(`${name}.LayerNorm.bias`).values),
    };
  }
}

type LayerWeights = Omit<EncoderLayerWeights, 'thresholds'>;

const exportReduced = (
  quantizer: Quantizer,
  name: string,
  { reducedSquares }: ModelConfig,
): Pick<LayerWeights, 'reduced' | 'reducedInner' | 'reducedOuter'> => ({
  reduced: quantizer.linear(name),
  ...(reducedSquares
    ? { reducedInner: quantizer.linear(`${name}.inner`), reducedOuter: quantizer.linear(`${name}.outer`) }
    : {}),
});

function exportGroup(quantizer: Quantizer, checkpoint: Checkpoint, group: number): LayerWeights {
  const prefix = layerPrefix(group);
  return {
    query: quantizer.linear(`${prefix}.attention.self.query`, 1 / Math.sqrt(headSize(checkpoint.config))),
    key: quantizer.linear(`${prefix}.attention.self.key`),
    value: quantizer.linear(`${prefix}.attention.self.value`),
    attentionOutput: quantizer.linear(`${prefix}.attention.output.dense`),
    attentionNorm: quantizer.norm(`${prefix}.attention.output`),
    intermediate: quantizer.linear(`${prefix}.intermediate.dense`),
    output: quantizer.linear(`${prefix}.output.dense`),
    ...(isReducedGroup(checkpoint.config, group)
      ? exportReduced(quantizer, `${prefix}.reduced`, checkpoint.config)
      : {}),
    outputNorm: quantizer.norm(`${prefix}.output`),
  };
}

/** Layers of one group have the same weights, and thresholds of their own. */
async function exportLayers(quantizer: Quantizer, checkpoint: Checkpoint): Promise<EncoderLayerWeights[]> {
  const { config, details } = checkpoint;
  const groups: LayerWeights[] = [];
  for (let group = 0; group < weightGroups(config); group++) {
    groups.push(exportGroup(quantizer, checkpoint, group));
    await nextTurn();
  }
  return Array.from({ length: config.layers }, (_, layer) => ({
    ...groups[groupOfLayer(config, layer)]!,
    thresholds: (details?.prunes ? details.thresholds?.[layer] : undefined) ?? null,
  }));
}

/** What leaves each matrix of a layer. */
const PRODUCTS = [
  ['query', 'query'],
  ['key', 'key'],
  ['value', 'value'],
  ['attentionOutput', 'attentionResidual'],
  ['intermediate', 'geluInput'],
  ['output', 'outputResidual'],
] as const;

/**
 * What does not fit: |v| < 2^(ringBits - 2 - fraction bits), the bound of widening, holds of resting values, and of products, which
 * have their weights' fraction bits besides.
 */
function rangeWarnings(
  { layers, embedding, poolerInput, logits }: ModelRanges,
  scales: ModelScales,
  { ringBits, fractionBits }: FixedPoint,
): RangeWarning[] {
  const checked = (name: string, value: number, scale?: MatrixScale): RangeWarning => ({
    name,
    value,
    limit: 2 ** (ringBits - 2 - fractionBits - (scale?.fractionBits ?? 0)),
  });
  const all = layers.flatMap((layer, at) => [
    checked(`layer ${at} context`, layer.context),
    checked(`layer ${at} attentionNorm`, layer.attentionNorm),
    checked(`layer ${at} outputNorm`, layer.outputNorm),
    ...PRODUCTS.map(([matrix, range]) =>
      checked(`layer ${at} ${range}`, layer[range], scales.layers[at]![matrix]),
    ),
    ...(layer.squareInput === undefined
      ? []
      : [
          checked(`layer ${at} squareInput`, layer.squareInput, scales.layers[at]!.reducedInner),
          checked(`layer ${at} squares`, layer.squareInput ** 2),
        ]),
  ]);
  all.push(
    checked('embedding', embedding, scales.projection),
    checked('poolerInput', poolerInput, scales.pooler),
    checked('logits', logits, scales.classifier),
  );
  return all.filter(({ value, limit }) => value >= limit);
}

/** What the learned thresholds keep of the examples, as a schedule. */
async function scheduleOf(
  state: ModelState,
  examples: readonly EncodedExample[],
  quantile: number,
  watch: Watch,
) {
  const afterBatch = watch('tokens that thresholds keep', examples.length);
  const traces = await traceTokens({ ...state, schedule: undefined }, examples, afterBatch);
  const counted = traces.map(({ kept, important }, i) => ({
    tokens: examples[i]!.ids.length,
    kept,
    important,
  }));
  const schedule = measureSchedule(counted, state.maxTokens, quantile);
  return { schedule, kept: keptShares(counted, schedule) };
}

/** Makes the artifact of a checkpoint; ranges are measured on `examples` with the rounded weights and pruning active. */
export async function exportArtifact(
  checkpoint: Checkpoint,
  examples: readonly EncodedExample[],
  options: ExportOptions,
  watch: Watch = unwatched,
): Promise<ExportResult> {
  const state = stateOfCheckpoint(checkpoint);
  const quantizer = new Quantizer(state, options);
  const { embeddingBits } = options;
  const smallTableBits = Math.max(embeddingBits, POSITION_BITS);
  const embedding = {
    word: quantizer.table(WORD_TABLE, embeddingBits),
    position: quantizer.table('embeddings.position_embeddings.weight', smallTableBits),
    tokenType:
      state.config.tokenTypes > 0
        ? quantizer.table('embeddings.token_type_embeddings.weight', smallTableBits)
        : null,
    norm: quantizer.norm('embeddings'),
  };
  const privatePart: PrivateModel = {
    ...(state.config.embeddingSize === null ? {} : { projection: quantizer.linear('embeddings.projection') }),
    layers: await exportLayers(quantizer, checkpoint),
    pooler: quantizer.linear('pooler.dense'),
    classifier: quantizer.linear('classifier'),
  };
  const rounded: ModelState = { ...state, parameters: new Map([...state.parameters, ...quantizer.rounded]) };
  const { scheduleQuantile = null } = options;
  // Ranges are those of the tokens that will be kept.
  let kept: KeptShares | null = null;
  if (scheduleQuantile !== null && rounded.spread !== null)
    ({ schedule: rounded.schedule, kept } = await scheduleOf(rounded, examples, scheduleQuantile, watch));
  const ranges = await calibrate(rounded, examples, watch('ranges', examples.length));
  const gammas = privatePart.layers.flatMap(({ attentionNorm, outputNorm }) => [
    attentionNorm.gamma,
    outputNorm.gamma,
  ]);
  const scales = { ...scalesOf(privatePart), gammaBits: gammaBitsOf(gammas) };
  const artifact: Artifact = {
    public: {
      config: state.config,
      task: state.task,
      fixedPoint: options.fixedPoint,
      ranges,
      scales,
      method: methodReference(methodOfState(state)),
      embedding,
      tokenizerFiles: state.tokenizerFiles,
      maxTokens: state.maxTokens,
      ...(rounded.schedule ? { schedule: rounded.schedule } : {}),
    },
    private: privatePart,
  };
  return {
    artifact,
    state: rounded,
    tensors: quantizer.reports,
    warnings: rangeWarnings(ranges, scales, options.fixedPoint),
    kept,
  };
}
