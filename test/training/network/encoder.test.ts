import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import type { Precision } from '../../../config/schema.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { type CurveSet, exactCurves } from '../../../methods/curves.js';
import { methodNamed } from '../../../methods/index.js';
import { type BackendName, useBackend } from '../../../training/backend/setup.js';
import { encode, NO_DROPOUT } from '../../../training/network/encoder.js';
import { crossEntropy, polarizationLoss, prunePenalty } from '../../../training/network/losses.js';
import type { LayerMasks, MaskMode } from '../../../training/network/masks.js';
import { WeightTensors } from '../../../training/network/parameters.js';
import { randomBatch, randomParameters, smallConfig } from '../fixtures.js';
import { naiveEncode } from './naive-encoder.js';

const thresholds = [
  { prune: 0.7, reduce: 1.1 },
  { prune: 0.8, reduce: 1.2 },
];

const masksOf = (mode: MaskMode, temperature: number): LayerMasks[] =>
  thresholds.map(({ prune, reduce }) => ({
    mode,
    prune: tf.scalar(prune),
    reduce: tf.scalar(reduce),
    temperature,
  }));

const batch = randomBatch(5, smallConfig);
const parameters = randomParameters(smallConfig);

const cases = [
  { name: 'exact, dense', exact: true, mode: 'none', temperature: 1 },
  { name: 'polynomial, soft masks', exact: false, mode: 'soft', temperature: 0.3 },
  { name: 'polynomial, hard masks', exact: false, mode: 'hard', temperature: 0.3 },
] as const;

for (const backend of ['native', 'cpu'] as const satisfies readonly BackendName[]) {
  describe(`encoder on ${backend}`, () => {
    beforeAll(() => useBackend(backend));

    for (const { name, exact, mode, temperature } of cases) {
      it(`equals the naive one: ${name}`, () => {
        const weights = new WeightTensors(parameters).get();
        const masks = mode === 'none' ? null : masksOf(mode, temperature);
        const curves = exact ? exactCurves : cipherPrune.curves;
        const output = encode(weights, smallConfig, batch, batch.ids, {
          curves,
          masks,
          dropout: NO_DROPOUT,
          lastLayer: 'cls',
          polarize: true,
        });
        const logits = output.logits.arraySync();
        const undecided = thresholds.map(() => 0);
        batch.examples.forEach((example, row) => {
          const naive = naiveEncode(parameters, smallConfig, example, {
            exact,
            thresholds: mode === 'none' ? null : thresholds,
            temperature: mode === 'hard' ? 0 : temperature,
          });
          naive.logits.forEach((logit, i) => {
            expect(logits[row]![i]).toBeCloseTo(logit, 4);
          });
          naive.layers.forEach(({ scores, kept, important }, at) => {
            scores.slice(1).forEach((score, i) => {
              const mask = 1 / (1 + Math.exp((thresholds[at]!.prune - score) / temperature));
              undecided[at]! += mask * (1 - mask) * (at === 0 ? 1 : naive.layers[at - 1]!.kept[i + 1]!);
            });
            const own = [output.layers[at]!.kept, output.layers[at]!.important].map((mask) =>
              [...mask.dataSync()].slice(row * batch.tokens, row * batch.tokens + example.ids.length),
            );
            kept.forEach((k, i) => {
              expect(own[0]![i]).toBeCloseTo(k, 4);
            });
            important.forEach((k, i) => {
              expect(own[1]![i]).toBeCloseTo(k, 4);
            });
          });
        });
        const expected = mode === 'none' ? [] : undecided;
        expect(output.indecision).toHaveLength(expected.length);
        expected.forEach((sum, at) => {
          expect(output.indecision[at]!.dataSync()[0]).toBeCloseTo(sum, 3);
        });
      });
    }

    it('computes [CLS] alone in the last layer as it does among all rows', () => {
      const weights = new WeightTensors(parameters).get();
      const options = { curves: cipherPrune.curves, masks: masksOf('hard', 0), dropout: NO_DROPOUT };
      const [one, all] = (['cls', 'all'] as const).map((lastLayer) =>
        encode(weights, smallConfig, batch, batch.ids, { ...options, lastLayer }).logits.dataSync(),
      );
      one!.forEach((value, i) => {
        expect(value).toBeCloseTo(all![i]!, 5);
      });
    });
  });
}

/** Loss of the soft phase as a function of all weights and thresholds. */
function lossAndGradients(
  precision: Precision = 'float32',
  curves: CurveSet = cipherPrune.curves,
): {
  loss: number;
  gradients: Map<string, Float32Array>;
} {
  const weights = new WeightTensors(parameters).get();
  const prune = thresholds.map((t) => tf.scalar(t.prune));
  const reduce = thresholds.map((t) => tf.scalar(t.reduce));
  const names = Object.keys(weights);
  const tensors = [...Object.values(weights), ...prune, ...reduce];
  const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, xs[i]!]));
    const masks = thresholds.map(
      (_, at): LayerMasks => ({
        mode: 'soft',
        prune: xs[names.length + at] as tf.Scalar,
        reduce: xs[names.length + thresholds.length + at] as tf.Scalar,
        temperature: 0.3,
      }),
    );
    const output = encode(named, smallConfig, batch, batch.ids, {
      curves,
      masks,
      dropout: NO_DROPOUT,
      lastLayer: 'cls',
      precision,
    });
    const penalty = prunePenalty(output.layers, batch, { lambda: 0.7, alpha: 0.5, norm: 'mean' });
    return crossEntropy(output.logits, batch.labels).add(penalty) as tf.Scalar;
  })(tensors);
  const all = [...names, 'prune.0', 'prune.1', 'reduce.0', 'reduce.1'];
  return {
    loss: value.dataSync()[0]!,
    gradients: new Map(all.map((name, i) => [name, grads[i]!.dataSync() as Float32Array])),
  };
}

describe('rows left out by hard masks', () => {
  beforeAll(() => useBackend('native'));

  /** Logits, masks and gradients of all weights, with all rows or with the kept ones alone. */
  function run(compact: boolean, lastLayer: 'cls' | 'all') {
    const weights = new WeightTensors(parameters).get();
    const names = Object.keys(weights);
    const seen: { logits: number[]; kept: number[][]; important: number[][] } = {
      logits: [],
      kept: [],
      important: [],
    };
    const { grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, xs[i]!]));
      const output = encode(named, smallConfig, batch, batch.ids, {
        curves: cipherPrune.curves,
        masks: masksOf('hard', 0.3),
        dropout: NO_DROPOUT,
        lastLayer,
        compact,
        polarize: true,
      });
      seen.logits = [...output.logits.dataSync()];
      for (const { kept, important } of output.layers) {
        seen.kept.push([...kept.dataSync()]);
        seen.important.push([...important.mul(kept).dataSync()]);
      }
      const polarization = polarizationLoss(output.indecision, batch, 0.7);
      return crossEntropy(output.logits, batch.labels).add(polarization) as tf.Scalar;
    })(Object.values(weights));
    return { ...seen, gradients: names.map((name, i) => [name, grads[i]!.dataSync()] as const) };
  }

  it.each(['cls', 'all'] as const)(
    'change nothing: logits, masks, gradients (last layer: %s)',
    (lastLayer) => {
      const [masked, compact] = [run(false, lastLayer), run(true, lastLayer)];
      const pruned = masked.kept[1]!.filter((kept, i) => kept === 0 && batch.real[i] === 1);
      expect(pruned.length).toBeGreaterThan(3);
      expect(compact.kept).toEqual(masked.kept);
      expect(compact.important).toEqual(masked.important);
      compact.logits.forEach((logit, i) => {
        expect(logit).toBeCloseTo(masked.logits[i]!, 5);
      });
      compact.gradients.forEach(([name, gradient], at) => {
        const expected = masked.gradients[at]![1];
        const scale = Math.max(...expected.map(Math.abs), 1e-3);
        gradient.forEach((g, i) => {
          expect(Math.abs(g - expected[i]!) / scale, name).toBeLessThan(1e-4);
        });
      });
    },
  );
});

describe('gradients of the soft phase', () => {
  afterAll(() => {
    kernels.limitIsa(2);
    kernels.setFloatThreads(2);
  });

  it.each([
    ['cipherprune', cipherPrune.curves],
    ['cipherprune-quad', methodNamed('cipherprune-quad').curves],
    ['mpcformer', methodNamed('mpcformer').curves],
  ])(
    'are those of plain TensorFlow.js operations, on every instruction set and any number of threads: %s',
    async (_, curves) => {
      await useBackend('cpu');
      const plain = lossAndGradients('float32', curves);
      await useBackend('native');
      for (let isa = 0; isa <= kernels.detectedIsa(); isa++) {
        kernels.limitIsa(isa);
        kernels.setFloatThreads(1 + (isa % 2) * 2);
        const native = lossAndGradients('float32', curves);
        expect(native.loss).toBeCloseTo(plain.loss, 5);
        for (const [name, expected] of plain.gradients) {
          const own = native.gradients.get(name)!;
          const scale = Math.max(...expected.map(Math.abs), 1e-3);
          const worst = Math.max(...expected.map((x, i) => Math.abs(x - own[i]!)));
          expect(worst / scale, name).toBeLessThan(2e-4);
        }
      }
    },
  );

  it.skipIf(!kernels.hasBfloat16())('are nearly the same with products in bfloat16', async () => {
    await useBackend('native');
    const [single, half] = [lossAndGradients(), lossAndGradients('bf16')];
    expect(half.loss).toBeCloseTo(single.loss, 2);
    const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
    for (const [name, expected] of single.gradients) {
      if (norm(expected) < 1e-2) continue;
      const error = norm(half.gradients.get(name)!.map((x, i) => x - expected[i]!)) / norm(expected);
      expect(error, name).toBeLessThan(0.05);
      if (name.startsWith('encoder.')) expect(error, name).toBeGreaterThan(0);
    }
  });

  it('are the slopes of the loss', async () => {
    await useBackend('native');
    const { gradients } = lossAndGradients();
    for (const [name, { values }] of parameters) {
      const gradient = gradients.get(name)!;
      const largest = gradient.reduce(
        (best, g, i) => (Math.abs(g) > Math.abs(gradient[best]!) ? i : best),
        0,
      );
      if (Math.abs(gradient[largest]!) < 1e-3) continue;
      const before = values[largest]!;
      const at = (x: number): number => {
        values[largest] = x;
        return lossAndGradients().loss;
      };
      const step = 4e-3;
      const slope =
        (8 * (at(before + step) - at(before - step)) - (at(before + 2 * step) - at(before - 2 * step))) /
        (12 * step);
      values[largest] = before;
      expect(Math.abs(slope - gradient[largest]!), name).toBeLessThan(
        0.02 * Math.abs(gradient[largest]!) + 2e-3,
      );
    }
  });
});
