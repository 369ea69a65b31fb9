/** What a text costs three nodes, exactly, and what it opens: a change of either shows here. */
import { expect, it } from 'vitest';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { openEngine } from '../../inference/run/engine.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { runNodes } from '../support/three-node-run.js';

const TEXT = { ids: [2, 5, 6, 7, 3], tokenTypes: [0, 0, 0, 0, 0] };
const BUCKET = 8;

it('costs three nodes this many bytes and messages', async () => {
  const artifact = tinyArtifact({ scheduled: true });
  const { logits, traffic, leaks } = await runNodes(artifact, [{ text: TEXT, bucket: BUCKET }], 3);
  const cleartext = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
  const expected = (await cleartext.classify(TEXT, BUCKET)).logits!;
  for (const [i, logit] of logits[0]!.entries()) expect(Math.abs(logit - expected[i]!)).toBeLessThan(0.05);

  expect(traffic).toMatchInlineSnapshot(`
    {
      "bytes": 159728,
      "flights": 103,
    }
  `);
  expect(leaks[1]).toEqual(leaks[0]);
  expect(leaks[2]).toEqual(leaks[0]);
  expect(leaks[0]).toMatchInlineSnapshot(`
    [
      {
        "count": 1,
        "name": "shuffled-order",
        "to": "all",
      },
      {
        "count": 1,
        "name": "label",
        "to": "client",
      },
      {
        "count": 1,
        "name": "logits",
        "to": "client",
      },
    ]
  `);
});
