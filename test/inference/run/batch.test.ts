/** Several texts in one protocol run: the results of one after another, at the rounds of one. */
import { describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import type { Classification } from '../../../inference/run/classification.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { engineClient } from '../client/engine-client.js';
import { tinyServedModel } from '../server/toy-party.js';

/** Of different lengths, in buckets of 8 and 16. */
const texts = [
  'a good movie.',
  'bad',
  'a good. movie a bad movie good movie.',
  'good good good good bad movie',
].map((text, i) => ({ text, textPair: i === 1 ? 'a bad movie' : null }));

interface Served {
  readonly batchSize: number;
  readonly rounds: number;
}

async function withConnection<T>(
  body: (client: Client) => Promise<T>,
): Promise<{ readonly result: T; readonly served: readonly Served[]; readonly count: number }> {
  const [serverEnd, clientEnd] = memoryChannelPair();
  const served: Served[] = [];
  const count = serveConnection(serverEnd, {
    model: tinyServedModel(1),
    open: openEngineParty,
    onText: ({ batchSize, cost }) => served.push({ batchSize, rounds: cost.rounds }),
  });
  const client = await Client.open(clientEnd, engineClient);
  const result = await body(client);
  await client.close();
  return { result, served, count: await count };
}

const counts = ({ layers }: Classification) => layers.map(({ kept, important }) => [kept, important]);

describe('a batch of texts', () => {
  it('gives what they give one after another, and each its own leaks and an even share of the cost', async () => {
    const { result, served, count } = await withConnection(async (client) => {
      const alone: Classification[] = [];
      for (const { text, textPair } of texts) alone.push(await client.classify({ text, textPair }));
      return { alone, together: await client.classifyBatch(texts) };
    });
    const { alone, together } = result;
    expect(count).toBe(2 * texts.length);
    expect(served.map(({ batchSize }) => batchSize)).toEqual([1, 1, 1, 1, 4, 4, 4, 4]);
    together.forEach((one, i) => {
      const other = alone[i]!;
      expect([one.text, one.textPair, one.tokens, one.bucket, one.label]).toEqual([
        other.text,
        other.textPair,
        other.tokens,
        other.bucket,
        other.label,
      ]);
      expect(counts(one)).toEqual(counts(other));
      expect(one.leaks).toEqual(other.leaks);
      for (const [l, logit] of one.logits!.entries()) expect(logit).toBeCloseTo(other.logits![l]!, 1);
      expect(one.batch).toEqual(together[0]!.batch);
      expect(one.cost.rounds).toBe(one.batch!.rounds);
      expect(other.batch).toBeUndefined();
    });
    const bytes = together.reduce((sum, { cost }) => sum + cost.sentBytes + cost.receivedBytes, 0);
    expect(together[0]!.batch).toMatchObject({ size: 4, bytes });
    const longest = Math.max(...alone.map(({ cost }) => cost.rounds));
    // Inside a lane nothing runs side by side: of a toy model the answer is a third of the rounds, and its parts follow each other here.
    expect(together[0]!.batch!.rounds).toBeLessThan(1.4 * longest);
  });

  it('of one is a text', async () => {
    const { result } = await withConnection((client) => client.classifyBatch(texts.slice(0, 1)));
    expect(result[0]!.batch).toBeUndefined();
  });
});
