/** A short run by every kind of functions: it learns, its artifact names the method, and the engine gives what the float model gives. */
import { expect, it } from 'vitest';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { openEngine } from '../../inference/run/engine.js';
import { bucketOf } from '../../inference/run/request.js';
import { methodNamed } from '../../methods/index.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { predict } from '../../training/evaluate/predict.js';
import { exportArtifact } from '../../training/export/export.js';
import { prepareRun } from '../../training/loop/prepare.js';
import { literal, temporaryRuns } from './loop/tiny-runs.js';

const { inFolder, train } = temporaryRuns();

/** Phases of a method that is taught layer by layer; others have none of these. */
const taught = { layers: { epochs: 2, learningRate: 4e-3 }, answers: { epochs: 1, learningRate: 2e-3 } };

const METHODS = [
  'bolt-no-we',
  'bolt',
  'puma-prune',
  'mpcformer',
  'cipherprune-quad',
  'cipherprune-linear',
  'cipherprune-squares',
];

it.each(METHODS)('%s', async (method) => {
  const { evaluation, recorder, config } = await train(method, {
    method,
    phases: { ...literal().phases, ...(methodNamed(method).taught ? taught : {}) },
  });
  expect(evaluation.metrics.accuracy).toBeGreaterThan(0.75);
  const kind = methodNamed(method).learns;
  const learns = kind !== 'nothing';
  expect(recorder.evaluations.some(({ phase }) => phase === 'hard')).toBe(learns);

  const checkpoint = await readCheckpoint(inFolder(method, 'final'));
  expect(checkpoint.details).toMatchObject({ method, prunes: learns, reduces: kind === 'prune-reduce' });
  const { train: examples, dev } = await prepareRun(config);
  const { artifact, state } = await exportArtifact(checkpoint, examples.slice(0, 200), {
    weightBits: 10,
    embeddingBits: 10,
    fixedPoint: { ringBits: 37, fractionBits: 12 },
  });
  expect(artifact.public.method.name).toBe(method);
  // Every layer but the last, which goes on with [CLS] alone.
  const { lowFeedForward } = methodNamed(method);
  artifact.private.layers.forEach(({ reduced, reducedInner, reducedOuter }, at, { length }) => {
    const expected = lowFeedForward !== undefined && at < length - 1;
    expect(reduced !== undefined).toBe(expected);
    for (const beside of [reducedInner, reducedOuter])
      expect(beside !== undefined).toBe(expected && lowFeedForward === 'squares');
  });
  const engine = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
  const few = dev.slice(0, 8);
  const { logits } = await predict(state, few, { prune: true });
  for (const [i, { ids, types }] of few.entries()) {
    const text = { ids: [...ids], tokenTypes: [...types] };
    const { logits: got } = await engine.classify(text, bucketOf(ids.length));
    got!.forEach((logit, label) => {
      expect(Math.abs(logit - logits[2 * i + label]!)).toBeLessThan(0.3);
    });
  }
});
