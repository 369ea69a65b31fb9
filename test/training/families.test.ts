/** Gradients of every family: our backend against TensorFlow.js's own differentiation, and a loss that falls along them. */
import { describe, expect, it } from 'vitest';
import { readCheckpointTensors } from '../../model/checkpoint/checkpoint-tensors.js';
import { parseHuggingFaceConfig } from '../../model/checkpoint/hugging-face-config.js';
import { type BackendName, useBackend } from '../../training/backend/setup.js';
import { type StepOptions, trainingStep } from '../../training/loop/step.js';
import { type ModelState, stateOfCheckpoint, weightTensors } from '../../training/network/model-state.js';
import { familyCases, familyTensors } from '../model/families/family-checkpoints.js';
import { randomBatch } from './fixtures.js';

const options: StepOptions = {
  masks: { mode: 'none' },
  dropout: { hidden: 0, attention: 0, seed: 0 },
  distillation: null,
  freezeEmbeddings: false,
  labelSpread: 1,
  precision: 'float32',
};

function stepOf(state: ModelState, config: ModelState['config']) {
  const weights = weightTensors(state);
  // The cases' positions go further than the texts; one token type has no second.
  const batch = randomBatch(4, { ...config, maxPositions: 12 });
  const typed = { ...batch, types: config.tokenTypes > 1 ? batch.types : new Int32Array(batch.types.length) };
  const { result, used } = trainingStep(state, weights, typed, options, ({ dense, words }) => ({
    dense: new Map([...dense].map(([name, values]) => [name, Float32Array.from(values)])),
    words: { ids: Int32Array.from(words!.ids), rows: Float32Array.from(words!.rows) },
  }));
  weights.dispose();
  return { loss: result.loss, ...used };
}

describe.each(familyCases.map((family) => ({ title: family.title, family })))('$title', ({ family }) => {
  const { config } = parseHuggingFaceConfig(JSON.stringify(family.config), 'config.json');
  const fresh = () =>
    stateOfCheckpoint({
      config,
      ...readCheckpointTensors(familyTensors(family), config, 'model.safetensors'),
      tokenizerFiles: {},
      details: null,
    });

  it('has the gradients of TensorFlow.js, for every weight', async () => {
    const on = async (backend: BackendName) => {
      await useBackend(backend);
      return stepOf(fresh(), config);
    };
    const [native, cpu] = [await on('native'), await on('cpu')];
    expect(native.loss).toBeCloseTo(cpu.loss, 5);
    expect([...native.dense.keys()].sort()).toEqual([...cpu.dense.keys()].sort());
    for (const [name, values] of native.dense) {
      const other = cpu.dense.get(name)!;
      const largest = other.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      values.forEach((value, i) => {
        expect(Math.abs(value - other[i]!) / largest, name).toBeLessThan(2e-3);
      });
    }
    expect(native.words.ids).toEqual(cpu.words.ids);
    expect(native.words.rows).toHaveLength(cpu.words.rows.length);
  });

  it('falls along its gradients', async () => {
    await useBackend('native');
    const state = fresh();
    const first = stepOf(state, config);
    for (let step = 0; step < 20; step++) {
      const { dense } = stepOf(state, config);
      for (const [name, gradient] of dense) {
        const { values } = state.parameters.get(name)!;
        for (let i = 0; i < values.length; i++) values[i] = values[i]! - 0.05 * gradient[i]!;
      }
    }
    expect(stepOf(state, config).loss).toBeLessThan(0.9 * first.loss);
  });
});
