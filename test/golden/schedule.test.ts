/** As inference.test.ts, for a model with a schedule: nothing is opened but the answer. `npx vitest run test/golden -u` */
import { expect, it } from 'vitest';
import { Client } from '../../inference/client/client.js';
import { DEFAULT_ANSWER } from '../../inference/core/answer.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { protocolDigest } from '../../inference/run/protocol-digest.js';
import { serveConnection } from '../../inference/server/serve-connection.js';
import { servedModel } from '../../inference/server/served-model.js';
import { parsePublicPart } from '../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../model/artifact/public-part.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';

const artifact = tinyArtifact({ scheduled: true });
const part = encodePublicPart(artifact.public);
const [serverEnd, clientEnd] = memoryChannelPair();
const served = serveConnection(serverEnd, {
  model: servedModel(artifact, { answer: DEFAULT_ANSWER }, part),
  open: openEngineParty,
  onText: () => undefined,
});
const client = await Client.open(clientEnd, {
  terms: {
    protocolDigest: protocolDigest(),
    modelDigest: part.digest,
    lookUp: async () => part,
    parse: parsePublicPart,
  },
  open: openEngineParty,
  opens: 'nothing',
});
const { leaks, cost, layers } = await client.classify('a good movie.');
await client.close();
await served;

it('opens the length bucket, the order of shuffled rows, and the answer to the client: nothing else', () => {
  expect(leaks).toEqual([
    { name: 'length-bucket', to: 'server', count: 1 },
    { name: 'shuffled-order', to: 'all', count: layers.length - 1 },
    { name: 'label', to: 'client', count: 1 },
    { name: 'probabilities', to: 'client', count: 1 },
  ]);
});

it('costs this many bytes and rounds', () => {
  const { sentBytes, receivedBytes, rounds } = cost;
  expect({ sentBytes, receivedBytes, rounds }).toMatchInlineSnapshot(`
    {
      "receivedBytes": 945510,
      "rounds": 61,
      "sentBytes": 450699,
    }
  `);
  expect(
    layers.map(({ kept, important, bytes, rounds }) => ({ kept, important, bytes, rounds })),
  ).toMatchInlineSnapshot(`
    [
      {
        "bytes": 779713,
        "important": 4,
        "kept": 6,
        "rounds": 26,
      },
      {
        "bytes": 242828,
        "important": 1,
        "kept": 1,
        "rounds": 23,
      },
    ]
  `);
});
