/**
 * Bytes, rounds and openings of one private inference, as numbers in this file: whoever changes a protocol sees what it
 * costs, and updates them with `npx vitest run test/golden -u`.
 */
import { describe, expect, it } from 'vitest';
import { Client } from '../../inference/client/client.js';
import { DEFAULT_ANSWER } from '../../inference/core/answer.js';
import { type Suite, SUITES } from '../../inference/core/suite.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { protocolDigest } from '../../inference/run/protocol-digest.js';
import { serveConnection } from '../../inference/server/serve-connection.js';
import { parsePublicPart } from '../../model/artifact/artifact-file.js';
import { tinyServedModel } from '../inference/server/toy-party.js';

/** Both multiply, with any kernels, and nothing is measured. */
const MUTUAL = { multiplyingThreads: 1, line: 'fast' } as const;

/** Both parties in this process. */
async function runIn(suite: Suite) {
  const [serverEnd, clientEnd] = memoryChannelPair();
  const model = tinyServedModel(1);
  const served = serveConnection(serverEnd, {
    model: { ...model, terms: { ...model.terms, answer: DEFAULT_ANSWER, suites: [suite], ...MUTUAL } },
    open: openEngineParty,
    onText: () => undefined,
  });
  const terms = {
    protocolDigest: protocolDigest(),
    modelDigest: null,
    lookUp: async () => null,
    parse: parsePublicPart,
    ...MUTUAL,
  };
  const client = await Client.open(clientEnd, { terms, open: openEngineParty, opens: 'counts' });
  const result = await client.classify('a good movie.');
  await client.close();
  await served;
  return result;
}

const runs = await Promise.all(SUITES.map(async (suite) => ({ suite, ...(await runIn(suite)) })));

it.each(runs)('gives the same answer with $suite', ({ probabilities }) => {
  // A step of their rounding apart at most: inner roundings are random.
  probabilities!.forEach((probability, i) => {
    expect(Math.abs(probability - runs[0]!.probabilities![i]!)).toBeLessThanOrEqual(
      2 ** -DEFAULT_ANSWER.bits,
    );
  });
});

describe.each(runs)('an inference with $suite', ({ leaks, cost, layers, bucket }) => {
  it('opens the length bucket, the counts of each pruning layer, and the answer to the client: nothing else', () => {
    expect(leaks).toEqual([
      { name: 'length-bucket', to: 'server', count: 1 },
      { name: 'kept-token-count', to: 'all', count: layers.length - 1 },
      { name: 'important-token-count', to: 'all', count: layers.length - 1 },
      { name: 'label', to: 'client', count: 1 },
      { name: 'probabilities', to: 'client', count: 1 },
    ]);
    expect(bucket).toBe(8);
  });

  it('costs this many bytes and rounds', () => {
    const { sentBytes, receivedBytes, rounds, offline } = cost;
    expect({
      ...{ sentBytes, receivedBytes, rounds },
      offline: [offline.sentBytes, offline.receivedBytes],
    }).toMatchInlineSnapshot(`
      {
        "offline": [
          7207025,
          6961232,
        ],
        "receivedBytes": 942247,
        "rounds": 59,
        "sentBytes": 447325,
      }
    `);
    expect(
      layers.map(({ kept, important, bytes, rounds }) => ({ kept, important, bytes, rounds })),
    ).toMatchInlineSnapshot(`
      [
        {
          "bytes": 777489,
          "important": 3,
          "kept": 6,
          "rounds": 24,
        },
        {
          "bytes": 238415,
          "important": 1,
          "kept": 1,
          "rounds": 23,
        },
      ]
    `);
  });
});
