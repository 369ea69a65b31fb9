/** Distillation layer by layer: its loss against plain arrays, what a step of it moves, and whole runs with its phases. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { exactCurves } from '../../../methods/curves.js';
import { useBackend } from '../../../training/backend/setup.js';
import { hiddenStatesOf, layerLoss } from '../../../training/distil/layers.js';
import { evaluate } from '../../../training/evaluate/evaluate.js';
import { makeBatch } from '../../../training/loop/batches.js';
import { AdamW } from '../../../training/loop/optimizer.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { type StepOptions, trainingStep } from '../../../training/loop/step.js';
import { type ModelState, stateOfCheckpoint, weightTensors } from '../../../training/network/model-state.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { thresholdParameters } from '../../../training/network/thresholds.js';
import { randomExamples, randomParameters, smallConfig } from '../fixtures.js';
import { temporaryRuns } from '../loop/tiny-runs.js';
import { naiveEncode } from '../network/naive-encoder.js';

const { inFolder, train, weights } = temporaryRuns();

beforeAll(() => useBackend('native'));

const stateOf = (seed: number, method: string): ModelState => ({
  config: smallConfig,
  tokenizerFiles: { tokenizer: {}, config: {} } as unknown as ModelState['tokenizerFiles'],
  task: null,
  maxTokens: 12,
  parameters: randomParameters(smallConfig, seed),
  spread: null,
  reduces: false,
  method,
});

/** Sums of squared differences and how many numbers they are of, a sequence's. */
function naiveDistances(student: number[][][], teacher: number[][][]) {
  return student.map((rows, at) => {
    // The last layer gives [CLS] alone.
    const isLast = at >= student.length - 2;
    const counted = isLast ? rows.slice(0, 1) : rows;
    const squares = counted.flatMap((row, i) => row.map((x, c) => (x - teacher[at]![i]![c]!) ** 2));
    return { sum: squares.reduce((a, b) => a + b, 0), count: squares.length };
  });
}

describe('the loss', () => {
  it('is the mean over embedding, attention outputs and layers of the mean squared distance', () => {
    const [own, other] = [stateOf(5, 'cipherprune'), stateOf(6, 'cipherprune')];
    const examples = randomExamples(4, smallConfig);
    const batch = makeBatch(examples);
    const [mine, theirs] = [weightTensors(own), weightTensors(other)];
    const loss = tf.tidy(() => {
      const student = hiddenStatesOf(mine, { state: own, exact: false }, batch);
      const teacher = hiddenStatesOf(theirs, { state: other, exact: true }, batch);
      return layerLoss(student, teacher).dataSync()[0]!;
    });
    const naive = (state: ModelState, exact: boolean) =>
      examples.map((example) => {
        const options = { exact, thresholds: null, temperature: 0 };
        const { hidden, contexts } = naiveEncode(state.parameters, smallConfig, example, options);
        return [hidden[0]!, ...contexts.flatMap((context, at) => [context, hidden[at + 1]!])];
      });
    const [students, teachers] = [naive(own, false), naive(other, true)];
    const sequences = students.map((student, i) => naiveDistances(student, teachers[i]!));
    const means = sequences[0]!.map((_, at) => {
      const all = sequences.map((distances) => distances[at]!);
      return all.reduce((a, { sum }) => a + sum, 0) / all.reduce((a, { count }) => a + count, 0);
    });
    expect(means).toHaveLength(1 + 2 * smallConfig.layers);
    expect(loss).toBeCloseTo(means.reduce((a, b) => a + b, 0) / means.length, 4);
    mine.dispose();
    theirs.dispose();
  });

  it('compares the tokens that both keep, wherever their rows are', () => {
    const prunes = (seed: number, prune: number) => {
      const state = { ...stateOf(seed, 'cipherprune'), spread: [1, 1] };
      const thresholds = [0, 1].map(() => ({ prune, reduce: prune }));
      for (const [name, parameter] of thresholdParameters(thresholds, state.spread))
        state.parameters.set(name, parameter);
      return { state, thresholds };
    };
    const models = [prunes(5, 0.8), prunes(6, 0.9)];
    const examples = randomExamples(4, smallConfig);
    const batch = makeBatch(examples);
    const weights = models.map(({ state }) => weightTensors(state));
    const loss = tf.tidy(() => {
      const [student, teacher] = models.map(({ state }, i) =>
        hiddenStatesOf(weights[i]!, { state, exact: false }, batch),
      );
      return layerLoss(student!, teacher!).dataSync()[0]!;
    });
    const naive = examples.map((example) =>
      models.map(({ state, thresholds }) => {
        const { hidden, contexts, layers } = naiveEncode(state.parameters, smallConfig, example, {
          exact: false,
          thresholds,
          temperature: 0,
        });
        const [first, second] = layers.map(({ kept }) => kept);
        const all = hidden[0]!.map(() => 1);
        const [embedding, one, two, three] = hidden;
        return [
          [embedding!, all],
          [contexts[0]!, all],
          [one!, first!],
          [contexts[1]!, first!],
          [two!, second!],
          [contexts[2]!, [1]],
          [three!, [1]],
        ] as const;
      }),
    );
    const means = Array.from({ length: 7 }, (_, at) => {
      const squares = naive.flatMap(([student, teacher]) => {
        const [[mine, kept], [theirs, too]] = [student![at]!, teacher![at]!];
        return mine.flatMap((row, i) =>
          kept[i] === 1 && too[i] === 1 ? row.map((x, c) => (x - theirs[i]![c]!) ** 2) : [],
        );
      });
      return squares.reduce((a, b) => a + b, 0) / squares.length;
    });
    const keptBoth = (at: number) =>
      naive.map(([, teacher]) => teacher![at]![1].filter((k) => k === 1).length);
    expect(keptBoth(2)).not.toEqual(keptBoth(0));
    expect(loss).toBeCloseTo(means.reduce((a, b) => a + b, 0) / means.length, 4);
    for (const each of weights) each.dispose();
  });
});

describe('a step of it alone', () => {
  const options = (teacher: ModelState, alone: boolean): StepOptions => ({
    masks: { mode: 'none' },
    dropout: { hidden: 0, attention: 0, seed: 1 },
    distillation: null,
    layers: { model: { state: teacher, exact: true }, weights: weightTensors(teacher), weight: 1, alone },
    freezeEmbeddings: false,
    labelSpread: 1,
    precision: 'float32',
  });

  it('lowers the distance of the same weights with other functions, and leaves the head as it is', () => {
    const [student, teacher] = [stateOf(5, 'mpcformer'), stateOf(5, 'mpcformer')];
    const batch = makeBatch(randomExamples(8, smallConfig));
    const tensors = weightTensors(student);
    const optimizer = new AdamW(student.parameters, {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-6,
      weightDecay: 0.01,
      clipNorm: 1,
    });
    const head = (state: ModelState) => state.parameters.get('pooler.dense.weight')!.values.slice();
    const before = head(student);
    const losses = Array.from({ length: 60 }, () => {
      const { result } = trainingStep(student, tensors, batch, options(teacher, true), (gradients) =>
        optimizer.apply(gradients, () => 3e-3),
      );
      return result.loss;
    });
    expect(losses[0]).toBeGreaterThan(0);
    expect(losses.at(-1)).toBeLessThan(0.3 * losses[0]!);
    expect(head(student)).toEqual(before);
  });

  it('is added to the loss of the task where it is not alone', () => {
    const [student, teacher] = [stateOf(5, 'mpcformer'), stateOf(6, 'mpcformer')];
    const batch = makeBatch(randomExamples(8, smallConfig));
    const tensors = weightTensors(student);
    const lossOf = (more: Partial<StepOptions>): number =>
      trainingStep(student, tensors, batch, { ...options(teacher, false), ...more }, () => null).result.loss;
    const [task, both] = [lossOf({ layers: null }), lossOf({})];
    const alone = lossOf(options(teacher, true));
    expect(both).toBeCloseTo(task + alone, 4);
  });
});

describe('runs', () => {
  const changes = {
    method: 'mpcformer',
    phases: {
      dense: { epochs: 5, learningRate: 4e-3 },
      layers: { epochs: 2, learningRate: 4e-3 },
      answers: { epochs: 1, learningRate: 1e-3 },
    },
    masks: { mode: 'none' },
  };

  it('fine-tune with exact functions, and bring the network to the method layer by layer and by its answers', async () => {
    const { recorder, config, evaluation } = await train('whole', changes);
    const phases = [...new Set(recorder.steps.map(({ phase }) => phase))];
    expect(phases).toEqual(['dense', 'layers', 'answers']);
    const { dev, task } = await prepareRun(config);
    const exact = stateOfCheckpoint(await readCheckpoint(inFolder('whole', 'exact')));
    const teacher = await evaluate(exact, task, dev, { prune: false, curves: exactCurves });
    const dense = recorder.evaluations.filter(({ phase }) => phase === 'dense').at(-1)!;
    expect(teacher.metrics).toEqual(dense.metrics);
    const untaught = await evaluate(exact, task, dev, { prune: false });
    expect(evaluation.loss).toBeLessThan(0.7 * untaught.loss);
    expect(evaluation.metrics.accuracy).toBeGreaterThan(teacher.metrics.accuracy! - 0.05);
    const layers = recorder.steps.filter(({ phase }) => phase === 'layers');
    expect(layers.at(-1)!.loss).toBeLessThan(0.5 * layers[0]!.loss);
  });

  it('that were stopped among their layers go on bit for bit', async () => {
    const short = {
      ...changes,
      phases: { ...changes.phases, dense: { epochs: 1, learningRate: 4e-3 } },
      data: { source: 'synthetic', syntheticTrain: 300, syntheticDev: 20 },
    };
    await train('alone', short);
    await expect(train('stopped', short, { stopAfter: 12 })).rejects.toThrow('--resume goes on');
    const { recorder } = await train('stopped', short, { resume: true });
    expect(recorder.notes[0]).toMatch(/resuming in the layers phase/);
    const [alone, stopped] = [await weights('alone'), await weights('stopped')];
    for (const [name, { values }] of alone) expect(stopped.get(name)!.values, name).toEqual(values);
  });

  it('follow the dense model through masks too, where that has a weight', async () => {
    const distance = async (layers: number) => {
      const name = `masked-${layers}`;
      const { config } = await train(name, {
        method: 'cipherprune',
        data: { source: 'synthetic', syntheticTrain: 600, syntheticDev: 40 },
        phases: {
          dense: { epochs: 3, learningRate: 4e-3 },
          soft: { epochs: 1, learningRate: 4e-3 },
          hard: { epochs: 1, learningRate: 4e-3 },
        },
        masks: { mode: 'prune', keep: 0.7 },
        distillation: { layers },
      });
      const [own, dense] = await Promise.all(
        ['final', 'dense'].map(async (of) => stateOfCheckpoint(await readCheckpoint(inFolder(name, of)))),
      );
      const batch = makeBatch((await prepareRun(config)).dev);
      return tf.tidy(() => {
        const [mine, theirs] = [own!, dense!].map((state) => ({
          states: hiddenStatesOf(weightTensors(state), { state, exact: false }, batch),
        }));
        return layerLoss(mine!.states, theirs!.states).dataSync()[0]!;
      });
    };
    expect(await distance(10)).toBeLessThan(0.7 * (await distance(0)));
  });
});
