/** What a text costs three nodes, exactly, and what it opens: a change of either shows here. */
import { expect, it } from 'vitest';
import { kernels } from '#kernels';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { decode } from '../../inference/core/ring-tensor.js';
import { openEngine } from '../../inference/run/engine.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { DealtBackend, threeNodes } from '../support/three-nodes.js';

const TEXT = { ids: [2, 5, 6, 7, 3], tokenTypes: [0, 0, 0, 0, 0] };
const BUCKET = 8;

it('costs three nodes this many bytes and messages', async () => {
  const artifact = tinyArtifact({ scheduled: true });
  const { nodes, traffic } = threeNodes(3);
  const backends = await Promise.all(
    nodes.map(async ({ node }) => {
      const backend = new DealtBackend(node, 3);
      const party = await openEngine(backend, artifact, FINEST_LOGITS);
      await party.classify(TEXT, BUCKET);
      await backend.settle();
      return backend;
    }),
  );

  // The client adds up what each node delivers: its first component. Logits come last.
  const [first, second, third] = backends.map(({ delivered }) => delivered.at(-1)!);
  const { shape, ringBits, fractionBits } = first!.x;
  const sum = first!.words.slice();
  for (const { words } of [second!, third!]) kernels.ringAdd(sum, words, ringBits, sum);
  const logits = decode({ shape, ringBits, fractionBits, data: sum });
  const cleartext = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
  const expected = (await cleartext.classify(TEXT, BUCKET)).logits!;
  for (const [i, logit] of logits.entries()) expect(Math.abs(logit - expected[i]!)).toBeLessThan(0.05);

  expect(traffic).toMatchInlineSnapshot(`
    {
      "bytes": 154232,
      "flights": 143,
    }
  `);
  const leaks = nodes.map((node) => node.leaks.takeLeaks());
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
