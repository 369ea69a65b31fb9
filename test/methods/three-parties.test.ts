/** Every method among three nodes, texts alone and in a batch: answers and counts as in the clear, openings as declared. */
import { describe, expect, it } from 'vitest';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { openEngine } from '../../inference/run/engine.js';
import { METHODS } from '../../methods/index.js';
import { randomInput } from '../inference/engine/random-model.js';
import { runNodes } from '../support/three-node-run.js';
import { modelOf } from './model-of.js';

// Scores of these lie far enough from the thresholds for three truncations.
const INPUTS = [
  { text: randomInput(102, 11), bucket: 16 },
  { text: randomInput(105, 7), bucket: 8 },
];

describe.each(METHODS)('$name among three nodes', (method) => {
  const artifact = modelOf(method);

  it.each([
    ['alone', INPUTS.slice(0, 1)],
    ['in a batch', INPUTS],
  ])('computes texts %s as the cleartext backend does', async (_, inputs) => {
    const run = await runNodes(artifact, inputs, 4);
    const clear = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
    for (const [i, { text, bucket }] of inputs.entries()) {
      const { logits, layers } = await clear.classify(text, bucket);
      expect(run.layers[i]).toEqual(layers);
      for (const [label, logit] of logits!.entries())
        expect(Math.abs(run.logits[i]![label]! - logit)).toBeLessThan(0.15);
    }
    const opened = run.leaks[0]!.filter(({ to }) => to === 'all').map(({ name }) => name);
    expect([...opened].sort()).toEqual([...method.opens].sort());
    expect(run.leaks[1]).toEqual(run.leaks[0]);
    expect(run.leaks[2]).toEqual(run.leaks[0]);
  });
});
