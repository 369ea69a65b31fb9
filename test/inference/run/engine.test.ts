import { expect, it } from 'vitest';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { openEngine } from '../../../inference/run/engine.js';
import { randomInput, randomModel } from '../engine/random-model.js';

it('classifies texts at the same time as one after another, where nobody communicates', async () => {
  const artifact = randomModel({ layers: 2, prunes: true, reduces: true, seed: 3 });
  const party = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
  const inputs = [7, 12, 9].map((tokens, i) => randomInput(100 + i, tokens));
  const alone = [];
  for (const input of inputs) alone.push((await party.classify(input, 16)).logits);
  const together = await Promise.all(inputs.map((input) => party.classify(input, 16)));
  expect(together.map(({ logits }) => logits)).toEqual(alone);
});
