/**
 * What tokens of low degree have in place of the feed-forward layers: a linear layer, x ↦ x·R + r, and where the method has them the squares
 * of some neurons beside it, x ↦ x·R + (x·P + p)²·Q + r. P is at first the rows of the first layer whose neurons a line serves worst; R
 * and Q come closest to what the feed-forward layers compute on training sentences (ridge regression). From then on all of it is
 * learned like every other weight. That two linear layers without an activation between them are one is MPCViT's (Zeng et al., ICCV
 * 2023, section 4.3).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { methodNamed } from '../../methods/index.js';
import { isReducedGroup, type ModelConfig, squaresBeside, weightGroups } from '../../model/config.js';
import type { EncodedExample } from '../loop/batches.js';
import { curvesOfState, type ModelState } from '../network/model-state.js';
import { layerPrefix } from '../network/parameters.js';
import { applyCurve } from '../ops/curve.js';
import { curvedNeurons, NeuronSums } from './curved-neurons.js';
import { type FeedForwardRows, feedForwardRows } from './feed-forward-rows.js';
import { NormalEquations } from './normal-equations.js';

/** Tokens that a layer is fitted to: some for each of its inputs. */
const TOKENS_AN_INPUT = 40;
/** Of texts, where a layer is fitted to those of its tokens alone that are left and have low degree. */
const LOW_TOKENS_AN_INPUT = 160;
/** Of the tokens that a layer is fitted to, those that say which neurons' squares it gets. */
const CHOOSING_SHARE = 0.25;

/** As many examples as have so many tokens together. */
function enough(examples: readonly EncodedExample[], tokens: number): readonly EncodedExample[] {
  let left = tokens;
  const end = examples.findIndex(({ ids }) => {
    left -= ids.length - 1;
    return left <= 0;
  });
  return end < 0 ? examples : examples.slice(0, end + 1);
}

/** Neurons by group; of no group where none are asked for. */
async function chooseNeurons(
  state: ModelState,
  examples: readonly EncodedExample[],
  fittedTo: 'all' | 'low',
  count: number,
): Promise<ReadonlyMap<number, readonly number[]>> {
  if (count === 0) return new Map();
  const sums = new Map<number, NeuronSums>();
  const { activation, intermediateSize } = state.config;
  const { high } = curvesOfState(state).activation[activation];
  await feedForwardRows(state, examples, fittedTo, ({ group, inner, count: rows }) => {
    const known = sums.get(group) ?? new NeuronSums(intermediateSize);
    sums.set(group, known);
    known.add(inner, applyCurve(tf.tensor1d(inner), high).dataSync() as Float32Array, rows);
  });
  const output = (group: number) => state.parameters.get(`${layerPrefix(group)}.output.dense.weight`)!.values;
  return new Map([...sums].map(([group, known]) => [group, curvedNeurons(known, output(group), count)]));
}

/** Rows of x, the squares of what the given neurons' activations take, and a 1. */
function features({ x, inner, count }: FeedForwardRows, neurons: readonly number[]): Float32Array {
  const [hidden, intermediate] = [x.length / count, inner.length / count];
  const width = hidden + neurons.length + 1;
  const rows = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    rows.set(x.subarray(row * hidden, (row + 1) * hidden), row * width);
    neurons.forEach((neuron, at) => {
      rows[row * width + hidden + at] = inner[row * intermediate + neuron]! ** 2;
    });
    rows[(row + 1) * width - 1] = 1;
  }
  return rows;
}

/** values [rows, columns] → some rows, or some columns. */
const someRows = (
  values: Float32Array,
  columns: number,
  rows: readonly number[],
): Float32Array<ArrayBuffer> =>
  Float32Array.from(
    { length: rows.length * columns },
    (_, i) => values[rows[Math.floor(i / columns)]! * columns + (i % columns)]!,
  );
const columnsFrom = (
  values: Float32Array,
  columns: number,
  from: number,
  to: number,
): Float32Array<ArrayBuffer> => values.filter((_, i) => i % columns >= from && i % columns < to);

/** Neurons that the sentences say nothing about begin with the first of the layer; nobody uses what has no rows. */
const anyNeurons = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Gives a group its layers: the fitted ones, or nothing where no token has low degree. */
function putLayers(
  { parameters }: ModelState,
  { hiddenSize: hidden, reducedSquares: squares = 0 }: ModelConfig,
  group: number,
  equations: NormalEquations | undefined,
  neurons: readonly number[],
): void {
  const name = `${layerPrefix(group)}.reduced`;
  const width = hidden + squares;
  const { weight, bias } = equations?.solve() ?? {
    weight: new Float32Array(hidden * width),
    bias: new Float32Array(hidden),
  };
  parameters.set(`${name}.weight`, {
    shape: [hidden, hidden],
    values: columnsFrom(weight, width, 0, hidden),
  });
  parameters.set(`${name}.bias`, { shape: [hidden], values: bias });
  if (squares === 0) return;
  const first = (part: string) => parameters.get(`${layerPrefix(group)}.intermediate.dense.${part}`)!.values;
  const [rows, offsets] = [someRows(first('weight'), hidden, neurons), someRows(first('bias'), 1, neurons)];
  parameters.set(`${name}.inner.weight`, { shape: [squares, hidden], values: rows });
  parameters.set(`${name}.inner.bias`, { shape: [squares], values: offsets });
  const outer = columnsFrom(weight, width, hidden, width);
  parameters.set(`${name}.outer.weight`, { shape: [hidden, squares], values: outer });
  parameters.set(`${name}.outer.bias`, { shape: [hidden], values: new Float32Array(hidden) });
}

const squaresOf = ({ method, config }: ModelState): number =>
  methodNamed(method).lowFeedForward === 'squares' ? squaresBeside(config) : 0;

/**
 * Gives the model its layers of low degree, fitted to what its feed-forward layers compute on the examples: for all tokens without masks, or
 * under the model's own for those of `low` degree.
 */
export async function addReduced(
  state: ModelState,
  examples: readonly EncodedExample[],
  fittedTo: 'all' | 'low' = 'all',
): Promise<void> {
  const squares = squaresOf(state);
  const { hiddenSize: hidden } = state.config;
  const config: ModelConfig = {
    ...state.config,
    linearReduction: true,
    ...(squares > 0 ? { reducedSquares: squares } : {}),
  };
  const tokens = (fittedTo === 'low' ? LOW_TOKENS_AN_INPUT : TOKENS_AN_INPUT) * hidden;
  const neurons = await chooseNeurons(state, enough(examples, CHOOSING_SHARE * tokens), fittedTo, squares);
  const neuronsOf = (group: number): readonly number[] => neurons.get(group) ?? anyNeurons(squares);
  const equations = new Map<number, NormalEquations>();
  await feedForwardRows(state, enough(examples, tokens), fittedTo, (rows) => {
    const known = equations.get(rows.group) ?? new NormalEquations(hidden + squares, hidden);
    equations.set(rows.group, known);
    known.add(features(rows, neuronsOf(rows.group)), rows.y, rows.count);
  });
  for (let group = 0; group < weightGroups(config); group++) {
    if (!isReducedGroup(config, group)) continue;
    putLayers(state, config, group, equations.get(group), neuronsOf(group));
    await nextTurn();
  }
  state.config = config;
}
