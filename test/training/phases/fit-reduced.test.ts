/** Layers of low degree begin where the feed-forward layers are, and come back with a checkpoint. */
import { expect, it } from 'vitest';
import { parseRunConfig } from '../../../config/load.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { type EncodedExample, makeBatch } from '../../../training/loop/batches.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { encode, NO_DROPOUT } from '../../../training/network/encoder.js';
import { curvesOfState, type ModelState, weightTensors } from '../../../training/network/model-state.js';
import { addReduced } from '../../../training/phases/fit-reduced.js';
import { denseOnly, literal, temporaryRuns } from '../loop/tiny-runs.js';

const { inFolder, train } = temporaryRuns();

/** x · weightᵀ + bias, weight [outputs, inputs]. */
const linear = (x: readonly number[], weight: Float32Array, bias: Float32Array): number[] =>
  Array.from(bias, (start, o) => x.reduce((sum, v, i) => sum + v * weight[o * x.length + i]!, start));

/** What the feed-forward layers take, of some rows of all layers but the last. */
function inputs(state: ModelState, examples: readonly EncodedExample[]) {
  const { hiddenSize: hidden, layers } = state.config;
  const weights = weightTensors(state);
  const batch = makeBatch(examples);
  const found: { readonly layer: number; readonly x: number[] }[] = [];
  encode(weights.get(), state.config, batch, batch.ids, {
    curves: curvesOfState(state),
    masks: null,
    dropout: NO_DROPOUT,
    lastLayer: 'cls',
    observe: (layer, name, value) => {
      if (name !== 'attentionNorm' || layer === null || layer === layers - 1) return;
      const rows = value.dataSync();
      for (const row of [1, 2, 3])
        found.push({ layer, x: [...rows.subarray(row * hidden, (row + 1) * hidden)] });
    },
  });
  weights.dispose();
  return found;
}

it('compute what two feed-forward layers do whose activation does nothing', async () => {
  const config = parseRunConfig(literal(), 'test');
  const { state, train: examples } = await prepareRun(config);
  const { layers } = state.config;
  const values = (layer: number, name: string) =>
    state.parameters.get(`encoder.layer.${layer}.${name}`)!.values;
  // Far above 0 GELU is x.
  for (let layer = 0; layer < layers; layer++) values(layer, 'intermediate.dense.bias').fill(16);
  const { config: plain } = state;
  await addReduced(state, examples);
  expect(state.config.linearReduction).toBe(true);
  expect(state.parameters.has(`encoder.layer.${layers - 1}.reduced.weight`)).toBe(false);

  for (const { layer, x } of inputs({ ...state, config: plain }, examples.slice(-8))) {
    const apply = (from: readonly number[], part: string) =>
      linear(from, values(layer, `${part}.weight`), values(layer, `${part}.bias`));
    const expected = apply(apply(x, 'intermediate.dense'), 'output.dense');
    apply(x, 'reduced').forEach((y, i) => {
      expect(Math.abs(y - expected[i]!)).toBeLessThan(0.02);
    });
  }
});

it('squares of the neurons that a line serves worst are what a line cannot compute', async () => {
  const config = parseRunConfig(literal(), 'test');
  const { state: prepared, train: examples } = await prepareRun(config);
  const state = { ...prepared, method: 'cipherprune-squares-feed-forward' };
  const { hiddenSize: hidden, intermediateSize: neurons } = state.config;
  const values = (name: string) => state.parameters.get(`encoder.layer.0.${name}`)!.values;
  // Of the neurons only some of the last count: GELU(z) is z/2 + z²/sqrt(2π) near 0, and z far above it.
  const curved = [neurons - 1, neurons - 3];
  values('intermediate.dense.bias').fill(16);
  for (const neuron of curved) values('intermediate.dense.bias')[neuron] = 0;
  const plain = { ...state };
  await addReduced(state, examples);
  expect(state.config.reducedSquares).toBe(hidden / 2);
  const inner = values('reduced.inner.weight');
  curved.forEach((neuron) => {
    const row = values('intermediate.dense.weight').slice(neuron * hidden, (neuron + 1) * hidden);
    const found = Array.from({ length: hidden / 2 }, (_, at) => inner.slice(at * hidden, (at + 1) * hidden));
    expect(found.slice(0, curved.length)).toContainEqual(row);
  });

  for (const { layer, x } of inputs(plain, examples.slice(-8))) {
    if (layer !== 0) continue;
    const apply = (from: readonly number[], part: string) =>
      linear(from, values(`${part}.weight`), values(`${part}.bias`));
    const z = apply(x, 'intermediate.dense');
    const gelu = z.map((v) => (v > 8 ? v : v / 2 + v ** 2 / Math.sqrt(2 * Math.PI)));
    const expected = apply(gelu, 'output.dense');
    const squares = apply(x, 'reduced.inner').map((v) => v ** 2);
    const [line, curve] = [apply(x, 'reduced'), apply(squares, 'reduced.outer')];
    expected.forEach((value, at) => {
      expect(Math.abs(line[at]! + curve[at]! - value)).toBeLessThan(0.02);
    });
  }
});

it('a run that is stopped behind the dense phase goes on with them, bit for bit', async () => {
  const short = {
    ...denseOnly,
    method: 'cipherprune-linear',
    masks: { keep: 0.5 },
    phases: { dense: { epochs: 0.3 }, soft: { epochs: 0.6 }, hard: { epochs: 0.6 } },
  };
  const { recorder } = await train('straight', short);
  const stopAfter = Math.floor(recorder.seen / 2);
  await expect(train('stopped', short, { stopAfter })).rejects.toThrow(/--resume/);
  await train('stopped', short, { resume: true });
  const [straight, stopped] = await Promise.all(
    ['straight', 'stopped'].map((name) => readCheckpoint(inFolder(name, 'final'))),
  );
  expect(straight!.tensors.has('encoder.layer.1.reduced.weight')).toBe(true);
  for (const [name, { values }] of straight!.tensors)
    expect(stopped!.tensors.get(name)!.values, name).toEqual(values);
});
