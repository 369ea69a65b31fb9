/** What the feed-forward layers of a model compute on sentences, row by row: what layers of low degree are fitted to. */
import { groupOfLayer } from '../../model/config.js';
import { runBatches } from '../evaluate/run-batches.js';
import type { Batch, EncodedExample } from '../loop/batches.js';
import type { EncoderOptions } from '../network/encoder.js';
import { hardMasks } from '../network/forward-options.js';
import { currentThresholds, curvesOfState, type ModelState } from '../network/model-state.js';

/** Which rows of a [rows, columns] array. */
function pick(values: Float32Array, columns: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * columns);
  rows.forEach((row, at) => {
    picked.set(values.subarray(row * columns, (row + 1) * columns), at * columns);
  });
  return picked;
}

/** Some rows of one set of layer weights. */
export interface FeedForwardRows {
  readonly group: number;
  readonly count: number;
  /** [count, hidden]: what the first layer takes. */
  readonly x: Float32Array;
  /** [count, intermediate]: what the activation takes. */
  readonly inner: Float32Array;
  /** [count, hidden]: what the second layer gives. */
  readonly y: Float32Array;
}

/** What a layer has shown of a batch so far. */
interface Seen {
  scores: Float32Array;
  kept: Float32Array;
  x: Float32Array;
  inner: Float32Array;
}

/** Never [CLS]'s, which is of high degree; of those that stay the ones below the second threshold. */
const rowsOf = ({ tokens }: Batch, { scores, kept }: Seen, below: number): number[] =>
  Array.from(kept.keys()).filter((row) => kept[row]! > 0 && row % tokens !== 0 && scores[row]! < below);

/** All tokens of the examples without masks, or under the model's own those of `low` degree; in the layers that have such. */
export async function feedForwardRows(
  state: ModelState,
  examples: readonly EncodedExample[],
  of: 'all' | 'low',
  see: (rows: FeedForwardRows) => void,
): Promise<void> {
  const { config } = state;
  const { hiddenSize: hidden, intermediateSize: intermediate, layers } = config;
  const thresholds = of === 'low' ? currentThresholds(state) : null;
  const none = new Float32Array(0);
  const observerOf = (batch: Batch): NonNullable<EncoderOptions['observe']> => {
    const seen: Seen = { scores: none, kept: none, x: none, inner: none };
    return (layer, name, value) => {
      if (layer === null || layer === layers - 1) return;
      const values = (): Float32Array => (value.dataSync() as Float32Array).slice();
      if (name === 'scores') seen.scores = values();
      if (name === 'kept') seen.kept = values();
      if (name === 'attentionNorm') seen.x = values();
      if (name === 'geluInput') seen.inner = values();
      if (name !== 'outputResidual') return;
      const rows = rowsOf(batch, seen, thresholds?.[layer]?.reduce ?? Number.POSITIVE_INFINITY);
      if (rows.length === 0) return;
      const y = values().map((sum, i) => sum - seen.x[i]!);
      see({
        group: groupOfLayer(config, layer),
        count: rows.length,
        x: pick(seen.x, hidden, rows),
        inner: pick(seen.inner, intermediate, rows),
        y: pick(y, hidden, rows),
      });
    };
  };
  await runBatches(state, examples, {
    options: (batch) => ({
      curves: curvesOfState(state),
      masks: thresholds && hardMasks(thresholds, false),
      observe: observerOf(batch),
    }),
  });
}
