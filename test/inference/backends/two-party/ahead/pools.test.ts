/** Pools: what serves an operation, how long it lasts, and how far they are filled. */
import { describe, expect, it } from 'vitest';
import type { PartyId } from '../../../../../inference/core/tensors.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { Demand } from '../../../../../inference/material/demand.js';
import { mod, opened, pairOf, shareOf, type Value, valuesOf } from './ahead-pair.js';

describe('pools', () => {
  const factors = (party: PartyId, owner: PartyId, y: Value) => ({
    kind: 'private' as const,
    owner,
    shape: y.shape,
    ringBits: y.ringBits,
    fractionBits: 0,
    value:
      party === owner
        ? { ...y, fractionBits: 0, data: BigUint64Array.from(y.values, (v) => mod(v, y.ringBits)) }
        : null,
  });

  it.each(['server', 'client'] as const)(
    'of rows for factors of the %s serve as long as they last',
    async (owner) => {
      const random = Prg.insecureForTests(5);
      const pair = pairOf(6);
      const y = valuesOf(random, [3], 12);
      const mine = { server: factors('server', owner, y), client: factors('client', owner, y) };
      await pair.both(async (mpc) => mpc.prepareFactors(mine[mpc.self]));
      const demand = Demand.of([[{ kind: 'factors', factors: 0, ringBits: 25 }, 5]]);
      await pair.both((_, material) => material.prepareAhead(demand));
      const bytes: number[] = [];
      for (const rows of [4, 2, 1]) {
        const x = valuesOf(random, [rows, 3], 25);
        const before = pair.traffic.bytes;
        const results = await pair.both((mpc) =>
          mpc.multiplyPrivate(shareOf(mpc.self, x, 7), mine[mpc.self]),
        );
        bytes.push(pair.traffic.bytes - before);
        const [got] = await pair.both((mpc) => opened(mpc, results[mpc.self === 'server' ? 0 : 1]));
        expect(got).toEqual(x.values.map((v, i) => mod(v * y.values[i % 3]!, 25)));
      }
      expect(bytes[0]).toBe(Math.ceil((12 * 25) / 8));
      expect(bytes[1]).toBeGreaterThan((6 * 12 * 10) / 8); // two rows are more than the one that is left
      expect(bytes[2]).toBe(Math.ceil((3 * 25) / 8));
      expect(pair.server.material.stock().items.isEmpty).toBe(true);
    },
  );

  it('serve smaller matrices and narrower rows, the least that fits first, and fall back beyond', async () => {
    const pair = pairOf(8);
    const random = Prg.insecureForTests(9);
    const made = (n: number, m: number) => ({ kind: 'matmul' as const, batch: 2, n, k: 5, m, ringBits: 40 });
    const wide = { kind: 'product' as const, ringBits: 40, width: 6 };
    const narrow = { kind: 'product' as const, ringBits: 30, width: 3 };
    const demand = Demand.of([
      [made(6, 6), 1],
      [made(4, 4), 1],
      [wide, 4],
      [narrow, 2],
    ]);
    await pair.both((_, material) => material.prepareAhead(demand));
    const matmul = async (n: number, k: number, m: number, ringBits: number) => {
      const [x, y] = [valuesOf(random, [2, n, k], ringBits), valuesOf(random, [2, k, m], ringBits)];
      const results = await pair.both((mpc) => mpc.matmul(shareOf(mpc.self, x, 1), shareOf(mpc.self, y, 2)));
      const [got] = await pair.both((mpc) => opened(mpc, results[mpc.self === 'server' ? 0 : 1]));
      const expected = Array.from({ length: 2 * n * m }, (_, at) => {
        const [b, i, j] = [Math.floor(at / (n * m)), Math.floor(at / m) % n, at % m];
        const terms = Array.from(
          { length: k },
          (_, c) => x.values[(b * n + i) * k + c]! * y.values[(b * k + c) * m + j]!,
        );
        return mod(
          terms.reduce((sum, term) => sum + term, 0n),
          ringBits,
        );
      });
      expect(got).toEqual(expected);
    };
    const left = (correlation: Parameters<Demand['of']>[0]) =>
      pair.client.material.stock().items.of(correlation);
    await matmul(3, 4, 4, 33);
    expect([left(made(6, 6)), left(made(4, 4))]).toEqual([1, 0]);
    await matmul(3, 6, 3, 33); // no triple has so long an inner extent
    expect(left(made(6, 6))).toBe(1);
    await matmul(2, 1, 5, 40);
    expect(left(made(6, 6))).toBe(0);
    await matmul(2, 1, 5, 40);

    const rows = async (count: number, width: number, ringBits: number) => {
      const [x, y] = [valuesOf(random, [count, width], ringBits), valuesOf(random, [count], ringBits)];
      const results = await pair.both((mpc) =>
        mpc.multiply(shareOf(mpc.self, x, 1), shareOf(mpc.self, y, 2)),
      );
      const [got] = await pair.both((mpc) => opened(mpc, results[mpc.self === 'server' ? 0 : 1]));
      expect(got).toEqual(x.values.map((v, i) => mod(v * y.values[Math.floor(i / width)]!, ringBits)));
      return [left(narrow), left(wide)];
    };
    expect(await rows(2, 2, 30)).toEqual([0, 4]);
    expect(await rows(3, 4, 22)).toEqual([0, 1]);
    expect(await rows(2, 3, 30)).toEqual([0, 1]); // two are more than one
    expect(await rows(1, 6, 40)).toEqual([0, 0]);
  });

  it('are filled up to the demand, not by it', async () => {
    const pair = pairOf(10);
    const square = { kind: 'square' as const, bits: 13, ringBits: 25, first: 'client' as const };
    const demand = Demand.of([[square, 30]]);
    for (let i = 0; i < 2; i++) await pair.both((_, material) => material.prepareAhead(demand));
    expect(pair.server.material.stock().items.of(square)).toBe(30);
    expect(pair.server.material.bytesOf(demand)).toBe(pair.server.material.stock().bytes);
    const x = valuesOf(Prg.insecureForTests(3), [20], 13, 12);
    await pair.both((mpc) => mpc.square(shareOf(mpc.self, x, 1), 25));
    await pair.both((_, material) => material.prepareAhead(demand));
    expect(pair.client.material.stock().items.of(square)).toBe(30);
  });

  it('ignore what this connection does not know', async () => {
    const pair = pairOf(11);
    const unknown = Demand.of([
      [{ kind: 'linear', weight: 7, ringBits: 37 }, 3],
      [{ kind: 'factors', factors: 7, ringBits: 20 }, 3],
    ]);
    await pair.both((_, material) => material.prepareAhead(unknown));
    expect(pair.server.material.bytesOf(unknown)).toBe(0);
    expect(pair.traffic.bytes).toBe(0);
  });
});
