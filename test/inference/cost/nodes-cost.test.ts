/** What is counted for three nodes is what they send. */
import { expect, it } from 'vitest';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { estimateNodesCost } from '../../../inference/cost/nodes-cost.js';
import { METHODS } from '../../../methods/index.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { randomInput } from '../engine/random-model.js';
import { modelOf } from '../../methods/model-of.js';
import { runNodes } from '../../support/three-node-run.js';

const models = [
  ...METHODS.map((method) => ({ name: method.name, artifact: modelOf(method) })),
  { name: 'a model with a schedule', artifact: tinyArtifact({ scheduled: true }) },
];

it.each(models)('bytes and messages of $name', async ({ artifact }) => {
  const text = {
    ids: randomInput(102, 11).ids.map((id) => id % 8),
    tokenTypes: new Array<number>(11).fill(0),
  };
  const run = await runNodes(artifact, [{ text, bucket: 16 }], 5);
  const { bytes, clientBytes, messages } = await estimateNodesCost(artifact.public, {
    bucket: 16,
    schedule: run.layers[0]!,
    answer: FINEST_LOGITS,
    transcripts: false,
  });
  expect({ bytes: bytes - clientBytes, flights: messages }).toEqual(run.traffic);
});
