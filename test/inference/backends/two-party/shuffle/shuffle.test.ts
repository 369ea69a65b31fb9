import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import {
  exchangeMatrices,
  type RowBlock,
  shuffleRows,
} from '../../../../../inference/backends/two-party/shuffle/shuffle.js';
import { withSpan } from '../../../../../inference/core/span.js';
import type { PartyId } from '../../../../../inference/core/tensors.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import type { Channel } from '../../../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../../../inference/net/memory-channel.js';
import { createSession } from '../../../../../inference/session/create-session.js';
import { Meter, meteredChannel } from '../../../../../inference/session/meter.js';
import { insecureCotPairs } from '../../../../support/insecure-cot-dealer.js';
import { availableIsas } from '../../../../support/isa.js';

interface Plain {
  readonly columns: number;
  readonly ringBits: number;
  readonly values: bigint[];
}

const randomWords = (prg: Prg, count: number, ringBits: number): BigUint64Array =>
  new BigUint64Array(prg.bytes(8 * count).slice().buffer).map((word) => BigInt.asUintN(ringBits, word));

/** Row i holds i in its first column (if the ring allows) and random values after it. */
function plainBlock(prg: Prg, rows: number, columns: number, ringBits: number): Plain {
  const values = [...randomWords(prg, rows * columns, ringBits)];
  for (let row = 0; row < rows; row++) values[row * columns] = BigInt.asUintN(ringBits, BigInt(row));
  return { columns, ringBits, values };
}

const share = (prg: Prg, { columns, ringBits, values }: Plain): [RowBlock, RowBlock] => {
  const server = randomWords(prg, values.length, ringBits);
  const client = server.map((word, at) => BigInt.asUintN(ringBits, values[at]! - word));
  return [
    { columns, ringBits, words: server },
    { columns, ringBits, words: client },
  ];
};

const open = (server: RowBlock, client: RowBlock): bigint[] =>
  [...server.words].map((word, at) => BigInt.asUintN(server.ringBits, word + client.words[at]!));

const rowsOf = (values: readonly bigint[], columns: number): string[] =>
  Array.from({ length: values.length / columns }, (_, row) =>
    values.slice(row * columns, (row + 1) * columns).join(),
  );

async function runShuffle(rows: number, plain: readonly Plain[], seed: number, first: PartyId = 'server') {
  const sharing = Prg.insecureForTests(seed + 1000);
  const shares = plain.map((block) => share(sharing, block));
  const channels = memoryChannelPair();
  const cots = insecureCotPairs(seed);
  const sent = [createHash('sha256'), createHash('sha256')];
  const party = async (index: 0 | 1) => {
    const recorded: Channel = {
      ...channels[index],
      send: (bytes) => {
        sent[index]!.update(bytes);
        channels[index].send(bytes);
      },
      receive: (byteLength) => channels[index].receive(byteLength),
    };
    const session = createSession({
      self: index === 0 ? 'server' : 'client',
      channel: meteredChannel(recorded),
      random: Prg.insecureForTests(seed * 2 + index + 5000),
    });
    const meter = new Meter();
    const blocks = shares.map((pair) => pair[index]);
    const shuffled = await withSpan(meter.span, async () => {
      const context = { session, cots: cots[index] };
      return shuffleRows(context, await exchangeMatrices(context, rows, first), blocks, first);
    });
    return { shuffled, cost: meter.finish().cost };
  };
  const [server, client] = await Promise.all([party(0), party(1)]);
  const opened = plain.map((_, at) => open(server.shuffled[at]!, client.shuffled[at]!));
  return { opened, server, client, wire: sent.map((hash) => hash.digest('hex').slice(0, 16)) };
}

/** The order in which rows came out, from the row number in the first column. */
const orderOf = (values: readonly bigint[], columns: number): number[] =>
  values.filter((_, at) => at % columns === 0).map(Number);

describe('shuffleRows', () => {
  it('moves whole rows of every block by one permutation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 64 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 0, max: 2 ** 20 }),
        async (rows, widths, seed) => {
          const prg = Prg.insecureForTests(seed);
          const numbers = plainBlock(prg, rows, 1, 16);
          const plain = [numbers, ...widths.map(([columns, bits]) => plainBlock(prg, rows, columns, bits))];
          const { opened } = await runShuffle(rows, plain, seed, seed % 2 ? 'server' : 'client');
          const order = orderOf(opened[0]!, 1);
          expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
          plain.forEach(({ columns, values }, at) => {
            const before = rowsOf(values, columns);
            expect(rowsOf(opened[at]!, columns)).toEqual(order.map((row) => before[row]));
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('draws every order of three about equally often', async () => {
    const counts = new Map<string, number>();
    const runs = 360;
    for (let seed = 0; seed < runs; seed++) {
      const { opened } = await runShuffle(3, [plainBlock(Prg.insecureForTests(seed), 3, 1, 8)], seed);
      const order = opened[0]!.join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const expected = runs / 6;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    expect(counts.size).toBe(6);
    // 5 degrees of freedom: 20.5 is exceeded with probability 0.001; the seeds are fixed.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it.each(availableIsas)(
    'sends the golden bytes in two round trips, the second of which is one message each way, on $name',
    async ({ isa }) => {
      const prg = Prg.insecureForTests(9);
      const plain = [plainBlock(prg, 13, 24, 37), plainBlock(prg, 13, 20, 29), plainBlock(prg, 13, 2, 1)];
      kernels.limitIsa(isa);
      const { server, client, wire } = await runShuffle(13, plain, 77);
      kernels.limitIsa(kernels.detectedIsa());
      const cots = 13 * 4;
      const setup = Math.ceil(cots / 8) + 16 + 32 * cots;
      const rows = Math.ceil((13 * 24 * 37) / 8) + Math.ceil((13 * 20 * 29) / 8) + Math.ceil((13 * 2) / 8);
      const bytes = { sentBytes: setup + rows, receivedBytes: setup + rows };
      // The server sends rows first and waits for an answer; to the client they come with what it waited for before.
      expect(server.cost).toMatchObject({ ...bytes, rounds: 2 });
      expect(client.cost).toMatchObject({ ...bytes, rounds: 1 });
      expect(wire).toEqual(['9047836acb0340a0', 'df0aab9ac666e3c6']);
    },
  );

  it('prunes BERT-base rows for less than four megabytes', async () => {
    const prg = Prg.insecureForTests(3);
    const plain = [plainBlock(prg, 128, 768, 37), plainBlock(prg, 128, 768, 29), plainBlock(prg, 128, 2, 1)];
    const { server, opened } = await runShuffle(128, plain, 4);
    expect(server.cost.sentBytes + server.cost.receivedBytes).toBe(1_679_680);
    expect(server.cost.rounds).toBe(2);
    expect(rowsOf(opened[0]!, 768).sort()).toEqual(rowsOf(plain[0]!.values, 768).sort());
  });
});
