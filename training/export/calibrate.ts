/** Largest absolute values of everything that the secure engine computes, over sample sentences, with pruning active. */
import type * as tf from '@tensorflow/tfjs';
import type { LayerRanges, ModelRanges } from '../../model/artifact/artifact.js';
import { type AfterBatch, runBatches } from '../evaluate/run-batches.js';
import type { Batch, EncodedExample } from '../loop/batches.js';
import type { ObservedName } from '../network/encoder.js';
import { finalMasks } from '../network/forward-options.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

const noRange = (): Mutable<LayerRanges> => ({
  query: 0,
  key: 0,
  value: 0,
  logits: 0,
  context: 0,
  attentionResidual: 0,
  attentionVariance: { min: Number.POSITIVE_INFINITY, max: 0 },
  attentionNorm: 0,
  geluInput: 0,
  outputResidual: 0,
  outputVariance: { min: Number.POSITIVE_INFINITY, max: 0 },
  outputNorm: 0,
});

/** Rows of a [rows, columns] tensor that exist in the secure engine: neither padding nor pruned. */
interface Rows {
  readonly values: Float32Array;
  readonly columns: number;
  readonly present: (row: number) => boolean;
}

function largest({ values, columns, present }: Rows): number {
  let most = 0;
  for (let row = 0; row * columns < values.length; row++) {
    if (!present(row)) continue;
    for (let i = row * columns; i < (row + 1) * columns; i++) most = Math.max(most, Math.abs(values[i]!));
  }
  return most;
}

function widenVariance(range: { min: number; max: number }, { values, columns, present }: Rows): void {
  for (let row = 0; row * columns < values.length; row++) {
    if (!present(row)) continue;
    const numbers = values.subarray(row * columns, (row + 1) * columns);
    const mean = numbers.reduce((a, b) => a + b, 0) / columns;
    const variance = numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / columns;
    range.min = Math.min(range.min, variance);
    range.max = Math.max(range.max, variance);
  }
}

/** Largest |q · k| of a batch over heads and present rows; q may have one row a sequence. */
function largestLogit(q: Rows, k: Rows, batch: Batch, heads: number): number {
  const { columns } = q;
  const size = columns / heads;
  const queries = q.values.length / columns / batch.size;
  let most = 0;
  for (let b = 0; b < batch.size; b++)
    for (let j = 0; j < queries; j++) {
      const row = b * queries + j;
      if (!q.present(row)) continue;
      for (let i = 0; i < batch.tokens; i++) {
        const column = b * batch.tokens + i;
        if (!k.present(column)) continue;
        for (let head = 0; head < heads; head++) {
          let dot = 0;
          for (let c = head * size; c < (head + 1) * size; c++)
            dot += q.values[row * columns + c]! * k.values[column * columns + c]!;
          most = Math.max(most, Math.abs(dot));
        }
      }
    }
  return most / Math.sqrt(size);
}

/** What of a batch has been seen so far. */
interface Seen {
  readonly batch: Batch;
  kept: Float32Array;
  query: Rows | null;
}

function rowsOf(value: tf.Tensor, { batch, kept }: Seen): Rows {
  const values = value.dataSync() as Float32Array;
  const [rows, columns] = value.shape as [number, number];
  // One row a sequence is [CLS], which is always there.
  return { values, columns, present: rows === batch.size ? () => true : (row) => kept[row]! > 0 };
}

class Calibration {
  readonly layers: Mutable<LayerRanges>[];
  embedding = 0;
  pooler = 0;
  logits = 0;
  readonly #config: ModelState['config'];

  constructor(config: ModelState['config']) {
    this.#config = config;
    this.layers = Array.from({ length: config.layers }, noRange);
  }

  /** Takes what an encoder shows of the batch. */
  over(batch: Batch): (at: number | null, name: ObservedName, value: tf.Tensor) => void {
    const seen: Seen = { batch, kept: batch.real, query: null };
    return (at, name, value) => this.#see(seen, at, name, value);
  }

  #see(seen: Seen, at: number | null, name: ObservedName, value: tf.Tensor): void {
    if (name === 'scores' || name === 'embeddingNorm' || name === 'pooler') return;
    if (name === 'kept') {
      seen.kept = value.dataSync() as Float32Array;
      return;
    }
    const rows = rowsOf(value, seen);
    const most = largest(rows);
    if (at !== null) this.#seeLayer(seen, this.layers[at]!, name, rows, most);
    else if (name === 'embedding') this.embedding = Math.max(this.embedding, most);
    else if (name === 'poolerInput') this.pooler = Math.max(this.pooler, most);
    else this.logits = Math.max(this.logits, most);
  }

  #seeLayer(seen: Seen, layer: Mutable<LayerRanges>, name: ObservedName, rows: Rows, most: number): void {
    const scale = name === 'query' ? Math.sqrt(this.#config.heads / this.#config.hiddenSize) : 1;
    const key = name as Exclude<keyof LayerRanges, 'attentionVariance' | 'outputVariance' | 'logits'>;
    layer[key] = Math.max(layer[key] ?? 0, most * scale);
    if (name === 'query') seen.query = rows;
    if (name === 'key')
      layer.logits = Math.max(layer.logits, largestLogit(seen.query!, rows, seen.batch, this.#config.heads));
    if (name === 'attentionResidual') widenVariance(layer.attentionVariance, rows);
    if (name === 'outputResidual') widenVariance(layer.outputVariance, rows);
  }

  ranges(): ModelRanges {
    return { embedding: this.embedding, layers: this.layers, poolerInput: this.pooler, logits: this.logits };
  }
}

/** Ranges over sample sentences, by the float encoder with the secure engine's functions and hard masks. */
export async function calibrate(
  state: ModelState,
  examples: readonly EncodedExample[],
  afterBatch?: AfterBatch,
): Promise<ModelRanges> {
  if (examples.length === 0) throw new Error('calibration: expected sentences, got none');
  const calibration = new Calibration(state.config);
  const options = (batch: Batch) => {
    const observe = calibration.over(batch);
    return { curves: curvesOfState(state), masks: finalMasks(state, batch), observe };
  };
  await runBatches(state, examples, { options }, afterBatch);
  return calibration.ranges();
}
