import { describe, expect, it } from 'vitest';
import { bitsOf, dataOf, localBits, localTensor } from '../../../../../inference/backends/local-backend.js';
import {
  prepareShuffle,
  shuffleTensors,
} from '../../../../../inference/backends/two-party/shuffle/shuffle-tensors.js';
import { both, testParties } from '../../../../support/two-parties.js';

/** The client holds the values, the server a constant of known shares. */
const shareOf = (isServer: boolean, value: bigint, mask: bigint, bits: number): bigint =>
  BigInt.asUintN(bits, isServer ? mask : value - mask);

describe('shuffleTensors', () => {
  it('keeps shapes and formats and moves tensors and bits together', async () => {
    const rows = 9;
    const parties = testParties(3);
    const outputs = await both(parties, async (party) => {
      const isServer = party.session.self === 'server';
      const words = (columns: number, bits: number) =>
        BigUint64Array.from({ length: rows * columns }, (_, at) =>
          shareOf(isServer, BigInt(100 * Math.floor(at / columns) + (at % columns)), 0x1234567n, bits),
        );
      const wide = localTensor(words(6, 37), [rows, 2, 3], { ringBits: 37, fractionBits: 12 });
      const narrow = localTensor(words(1, 12), [rows], { ringBits: 12, fractionBits: 0 });
      const odd = Uint8Array.from({ length: rows }, (_, row) => (isServer ? row & 1 : 0));
      return shuffleTensors(
        party,
        { tensors: [wide, narrow], bits: [localBits(odd, [rows])] },
        await prepareShuffle(party, rows, 'client'),
        'server',
      );
    });
    const [server, client] = outputs;
    const open = (index: number, bits: number) =>
      [...dataOf(server.tensors[index]!)].map((word, at) =>
        Number(BigInt.asUintN(bits, word + dataOf(client.tensors[index]!)[at]!)),
      );
    expect(
      server.tensors.map(({ shape, ringBits, fractionBits }) => ({ shape, ringBits, fractionBits })),
    ).toEqual([
      { shape: [rows, 2, 3], ringBits: 37, fractionBits: 12 },
      { shape: [rows], ringBits: 12, fractionBits: 0 },
    ]);
    const order = open(1, 12).map((value) => value / 100);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(open(0, 37)).toEqual(
      order.flatMap((row) => [0, 1, 2, 3, 4, 5].map((column) => 100 * row + column)),
    );
    const bits = bitsOf(server.bits[0]!).map((bit, at) => bit ^ bitsOf(client.bits[0]!)[at]!);
    expect([...bits]).toEqual(order.map((row) => row & 1));
  });

  it('refuses tensors of different numbers of rows', async () => {
    const { server } = testParties(1);
    const tensor = (n: number) => localTensor(new BigUint64Array(n), [n], { ringBits: 8, fractionBits: 0 });
    await expect(
      shuffleTensors(
        server,
        { tensors: [tensor(2), tensor(3)], bits: [] },
        await prepareShuffle(server, 1, 'server'),
        'server',
      ),
    ).rejects.toThrow(/2 rows/);
  });

  it('takes three flights for the matrices and two for the rows, by turns', async () => {
    const parties = testParties(2);
    const tensor = () => localTensor(new BigUint64Array(8), [8], { ringBits: 8, fractionBits: 0 });
    await both(parties, async (party) => {
      const material = await prepareShuffle(party, 8, 'client');
      return shuffleTensors(party, { tensors: [tensor()], bits: [] }, material, 'server');
    });
    expect(parties.traffic.flights).toBe(5);
  });
});
