/** What the owner of a model shares among three nodes, in an order that everybody derives from the public part. */
import { kernels } from '#kernels';
import type { PrivateModel, PublicModel } from '../../model/artifact/artifact.js';
import type { Weight, WeightSource } from '../backends/backend.js';
import { sliceAxis } from '../core/layout.js';
import { encode } from '../core/ring-tensor.js';
import type { PrivateTensor } from '../core/tensors.js';
import { CountingBackend } from '../cost/counting-backend.js';
import { restingFormat } from '../engine/plan.js';
import { type PreparedModel, prepareModel } from '../engine/prepare.js';

/** Vectors are shared in the widest ring, so that any smaller one can be cut from them. */
const VECTOR_RING_BITS = 64;

export interface ModelEntry {
  /** A matrix's words lie panel by panel (`panelsOf`). */
  readonly name: string;
  readonly count: number;
  readonly ringBits: number;
  /** Null where the model is not known. */
  readonly words: BigUint64Array | null;
}

/** Preparing a model, noting what it is prepared from. */
class Collector extends CountingBackend {
  readonly sources: WeightSource[] = [];

  override prepare(source: WeightSource): Promise<Weight> {
    this.sources.push(source);
    return super.prepare(source);
  }
}

export const matrixName = (weight: string): string => `${weight}/matrix`;
export const biasName = (weight: string): string => `${weight}/bias`;

/** The scale of a bias: every linear layer takes its input in the resting format. */
export const biasFormat = (model: PublicModel, weightFractionBits: number) => ({
  ringBits: VECTOR_RING_BITS,
  fractionBits: restingFormat(model).fractionBits + weightFractionBits,
});

/** The private vectors of a prepared model, by name. */
export function vectorsOf(prepared: PreparedModel): (readonly [name: string, x: PrivateTensor])[] {
  return prepared.layers.flatMap(({ attentionNorm, outputNorm, thresholds }, layer) => [
    ...Object.entries({ attentionNorm, outputNorm }).flatMap(([name, { gamma, beta }]) => [
      [`layer${layer}/${name}/gamma`, gamma] as const,
      [`layer${layer}/${name}/beta`, beta] as const,
    ]),
    ...(thresholds === null ? [] : [[`layer${layer}/thresholds`, thresholds] as const]),
  ]);
}

/** Columns of a panel: kernels' ringMatmulPanels. */
const PANEL_COLUMNS = 24;

/** A matrix [rows, columns] panel by panel, as the product reads it: [columns / 24][rows][24], the last panel as wide as is left. */
export function panelsOf(matrix: BigUint64Array, rows: number, columns: number): BigUint64Array {
  const whole = columns - (columns % PANEL_COLUMNS);
  if (whole === 0) return matrix;
  const panels = new BigUint64Array(matrix.length);
  const cut = rows * whole;
  const left = whole === columns ? matrix : sliceAxis(matrix, [rows, columns], 1, 0, whole);
  const blocks = Uint32Array.of(rows, whole / PANEL_COLUMNS, PANEL_COLUMNS);
  kernels.ringPermute(left, blocks, Uint32Array.of(1, 0, 2), panels.subarray(0, cut));
  if (whole < columns) panels.set(sliceAxis(matrix, [rows, columns], 1, whole, columns), cut);
  return panels;
}

function vectorEntry([name, { shape, value }]: readonly [string, PrivateTensor]): ModelEntry {
  const count = shape[0]!;
  if (value === null) return { name, count, ringBits: VECTOR_RING_BITS, words: null };
  const words = new BigUint64Array(count);
  kernels.ringSignExtend(value.data, value.ringBits, VECTOR_RING_BITS, words);
  return { name, count, ringBits: VECTOR_RING_BITS, words };
}

function matrixEntries(model: PublicModel, source: WeightSource): ModelEntry[] {
  const { name, inputs, outputs, matrix, bias, fractionBits } = source;
  const { ringBits } = restingFormat(model);
  const count = inputs * outputs;
  let words: BigUint64Array | null = null;
  if (matrix) {
    words = new BigUint64Array(count);
    kernels.ringFromFloat(Float64Array.from(matrix), ringBits, 0, words);
    words = panelsOf(words, inputs, outputs);
  }
  const format = biasFormat(model, fractionBits);
  return [
    { name: matrixName(name), count, ringBits, words },
    {
      name: biasName(name),
      count: outputs,
      ringBits: format.ringBits,
      words: bias && encode(bias, [outputs], format).data,
    },
  ];
}

/** @throws RangeError for a model whose word table is secret: clients of three nodes look their words up by themselves */
export async function modelEntries(model: PublicModel, secret: PrivateModel | null): Promise<ModelEntry[]> {
  if (model.privateEmbedding !== undefined)
    throw new RangeError('three parties: expected a public word table, got a secret one');
  const collector = new Collector(() => 0);
  const prepared = await prepareModel(collector, model, secret);
  return [
    ...collector.sources.flatMap((source) => matrixEntries(model, source)),
    ...vectorsOf(prepared).map(vectorEntry),
  ];
}
