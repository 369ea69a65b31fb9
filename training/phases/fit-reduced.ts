/**
 * The linear layer that tokens of low degree have in place of the feed-forward layers, x ↦ x·R + r: at first the one that is closest to
 * what those compute on training sentences (ridge regression); from then on it is learned like every other weight. That two linear
 * layers without an activation between them are one is MPCViT's (Zeng et al., ICCV 2023, section 4.3).
 */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import { groupOfLayer, isReducedGroup, weightGroups } from '../../model/config.js';
import { EVALUATION_LIMITS } from '../evaluate/evaluate.js';
import { type Batch, type EncodedExample, evaluationBatches, makeBatch } from '../loop/batches.js';
import { encode, NO_DROPOUT } from '../network/encoder.js';
import { hardMasks } from '../network/forward-options.js';
import { currentThresholds, curvesOfState, type ModelState, weightTensors } from '../network/model-state.js';
import { layerPrefix } from '../network/parameters.js';

/** Tokens that a layer is fitted to: some for each of its inputs. */
const TOKENS_AN_INPUT = 40;
/** Of texts, where a layer is fitted to those of its tokens alone that are left and have low degree. */
const LOW_TOKENS_AN_INPUT = 160;
/** Of the mean square of an input: weights that the sentences say nothing about stay small. */
const RIDGE = 1e-3;

/** XᵀX [n, n] and XᵀY [n, m] of rows x with a 1 at their end, and y. */
export class NormalEquations {
  readonly #square: Float64Array;
  readonly #product: Float64Array;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.#square = new Float64Array((inputs + 1) ** 2);
    this.#product = new Float64Array((inputs + 1) * outputs);
  }

  add(x: Float32Array, y: Float32Array, count: number): void {
    const n = this.inputs + 1;
    const sum = (b: Float32Array, columns: number, into: Float64Array): void => {
      const c = new Float32Array(n * columns);
      kernels.floatGemm({ transposeA: true, m: n, n: columns, k: count, a: x, b, c, batch: 1 });
      c.forEach((value, i) => {
        into[i] = into[i]! + value;
      });
    };
    sum(x, n, this.#square);
    sum(y, this.outputs, this.#product);
  }

  /** W [outputs, inputs] and b [outputs] of least Σ |x·Wᵀ + b - y|², and a little of |W|². */
  solve(): { readonly weight: Float32Array<ArrayBuffer>; readonly bias: Float32Array<ArrayBuffer> } {
    const [n, m] = [this.inputs + 1, this.outputs];
    const trace = Array.from({ length: this.inputs }, (_, i) => this.#square[i * n + i]!);
    const ridge = (RIDGE * trace.reduce((a, b) => a + b, 0)) / this.inputs;
    for (let i = 0; i < this.inputs; i++) this.#square[i * n + i]! += ridge;
    const solution = solvePositive(this.#square, this.#product, n, m);
    const weight = new Float32Array(m * this.inputs);
    for (let i = 0; i < this.inputs; i++)
      for (let o = 0; o < m; o++) weight[o * this.inputs + i] = solution[i * m + o]!;
    return { weight, bias: Float32Array.from(solution.subarray(this.inputs * m)) };
  }
}

/** a [n, n] symmetric and positive definite, b [n, m] → a⁻¹·b, by Cholesky's factors; both arrays are used up. */
function solvePositive(a: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      const factor = a[j * n + k]!;
      if (factor !== 0) for (let i = j; i < n; i++) a[i * n + j]! -= factor * a[i * n + k]!;
    }
    const root = Math.sqrt(a[j * n + j]!);
    for (let i = j; i < n; i++) a[i * n + j]! /= root;
  }
  const subtract = (to: number, from: number, factor: number): void => {
    for (let c = 0; c < m; c++) b[to * m + c]! -= factor * b[from * m + c]!;
  };
  const divide = (row: number): void => {
    for (let c = 0; c < m; c++) b[row * m + c]! /= a[row * n + row]!;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, a[i * n + k]!);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtract(i, k, a[k * n + i]!);
    divide(i);
  }
  return b;
}

/** What a layer has shown of a batch so far: the scores of its rows, which of them it keeps, and its feed-forward layers' input. */
interface Seen {
  scores: Float32Array;
  kept: Float32Array;
  x: Float32Array;
}

/** Rows that a layer is fitted to: never [CLS]'s, which is of high degree; of those that stay the ones below the second threshold. */
const rowsOf = ({ tokens }: Batch, { scores, kept }: Seen, below: number): number[] =>
  Array.from(kept.keys()).filter((row) => kept[row]! > 0 && row % tokens !== 0 && scores[row]! < below);

/** values [*, columns] → the given rows, with a 1 at the end of each if asked for. */
function pick(values: Float32Array, columns: number, rows: readonly number[], one: boolean): Float32Array {
  const width = columns + (one ? 1 : 0);
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    picked.set(values.subarray(row * columns, (row + 1) * columns), at * width);
    if (one) picked[at * width + columns] = 1;
  });
  return picked;
}

const nothing = (hidden: number) => ({
  weight: new Float32Array(hidden ** 2),
  bias: new Float32Array(hidden),
});

/** As many examples as have so many tokens together. */
function enough(examples: readonly EncodedExample[], tokens: number): readonly EncodedExample[] {
  let left = tokens;
  const end = examples.findIndex(({ ids }) => {
    left -= ids.length - 1;
    return left <= 0;
  });
  return end < 0 ? examples : examples.slice(0, end + 1);
}

/**
 * Gives the model its layers of low degree, fitted to what its feed-forward layers compute on the examples: for all tokens without masks, or
 * under the model's own for those of `low` degree.
 */
export function addReduced(
  state: ModelState,
  examples: readonly EncodedExample[],
  fittedTo: 'all' | 'low' = 'all',
): void {
  const { hiddenSize: hidden } = state.config;
  const thresholds = fittedTo === 'low' ? currentThresholds(state) : null;
  const tokens = (thresholds ? LOW_TOKENS_AN_INPUT : TOKENS_AN_INPUT) * hidden;
  const config = { ...state.config, linearReduction: true as const };
  const below =
    thresholds?.map(({ reduce }) => reduce) ?? Array<number>(config.layers).fill(Number.POSITIVE_INFINITY);
  const equations = new Map<number, NormalEquations>();
  const weights = weightTensors(state);
  for (const group of evaluationBatches(enough(examples, tokens), EVALUATION_LIMITS)) {
    const batch = makeBatch(group);
    const none = new Float32Array(0);
    const seen: Seen = { scores: none, kept: none, x: none };
    tf.tidy(() => {
      encode(weights.get(), state.config, batch, batch.ids, {
        curves: curvesOfState(state),
        masks: thresholds && hardMasks(thresholds, false),
        dropout: NO_DROPOUT,
        lastLayer: 'cls',
        observe: (layer, name, value) => {
          if (layer === null || layer === config.layers - 1) return;
          const values = (): Float32Array => (value.dataSync() as Float32Array).slice();
          if (name === 'scores') seen.scores = values();
          if (name === 'kept') seen.kept = values();
          if (name === 'attentionNorm') seen.x = values();
          if (name !== 'outputResidual') return;
          const rows = rowsOf(batch, seen, below[layer]!);
          if (rows.length === 0) return;
          const y = values().map((sum, i) => sum - seen.x[i]!);
          const at = groupOfLayer(config, layer);
          const known = equations.get(at) ?? new NormalEquations(hidden, hidden);
          equations.set(at, known);
          known.add(pick(seen.x, hidden, rows, true), pick(y, hidden, rows, false), rows.length);
        },
      });
    });
  }
  weights.dispose();
  for (let group = 0; group < weightGroups(config); group++) {
    if (!isReducedGroup(config, group)) continue;
    // Where no token has low degree, nobody uses the layer.
    const { weight, bias } = equations.get(group)?.solve() ?? nothing(hidden);
    const name = `${layerPrefix(group)}.reduced`;
    state.parameters.set(`${name}.weight`, { shape: [hidden, hidden], values: weight });
    state.parameters.set(`${name}.bias`, { shape: [hidden], values: bias });
  }
  state.config = config;
}
