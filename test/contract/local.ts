/** Local operations: every party acts on what it holds, and the opened values come out right. */
import { describe, expect, it } from 'vitest';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { type Parties, type Party, privateOf, shareOf, signed, TestData } from './parties.js';

type ExpectValues = (
  body: (party: Party) => Promise<SharedTensor>,
  expected: readonly bigint[],
  tolerance?: bigint,
) => Promise<void>;

const SHAPE = [3, 4];

export function localContract(
  parties: () => Parties,
  expectValues: ExpectValues,
  truncationError: bigint,
): void {
  describe.each([6, 37, 64])('local operations in %i bits', (bits) => {
    const data = new TestData(100 + bits);
    const x = data.plain(SHAPE, bits, 3);
    const y = data.plain(SHAPE, bits, 3);
    const wrap = (v: bigint) => signed(v, bits);
    const both = async (party: Party) =>
      [await shareOf(party, 'client', x), await shareOf(party, 'server', y)] as const;
    const at = (i: number) => x.values[i]!;

    it('adds, subtracts, negates', async () => {
      await expectValues(
        async (party) => party.mpc.add(...(await both(party))),
        x.values.map((v, i) => wrap(v + y.values[i]!)),
      );
      await expectValues(
        async (party) => party.mpc.subtract(...(await both(party))),
        x.values.map((v, i) => wrap(v - y.values[i]!)),
      );
      await expectValues(
        async (party) => party.mpc.negate((await both(party))[0]),
        x.values.map((v) => wrap(-v)),
      );
    });

    it('adds public and private values once', async () => {
      await expectValues(
        async (party) => party.mpc.addPublic((await both(party))[0], 1.5),
        x.values.map((v) => wrap(v + 12n)),
      );
      const row = [0.5, -0.25, 0, 2];
      await expectValues(
        async (party) => party.mpc.addPublic((await both(party))[0], Float64Array.from(row)),
        x.values.map((v, i) => wrap(v + BigInt(8 * row[i % 4]!))),
      );
      const secret = data.plain([4], bits, 3);
      for (const owner of ['server', 'client'] as const) {
        await expectValues(
          async (party) => party.mpc.addPrivate((await both(party))[0], privateOf(party, owner, secret)),
          x.values.map((v, i) => wrap(v + secret.values[i % 4]!)),
        );
      }
      await expectValues(
        async ({ mpc }) => mpc.constant(Float64Array.of(1, -2, 0.5), [3], bits, 3),
        [8n, -16n, 4n],
      );
    });

    it('scales, shifts and reads at another scale', async () => {
      await expectValues(
        async (party) => {
          const scaled = party.mpc.scale((await both(party))[0], -0.75, 2);
          expect(scaled.fractionBits).toBe(5);
          return scaled;
        },
        x.values.map((v) => wrap(-3n * v)),
      );
      await expectValues(
        async (party) => {
          const shifted = party.mpc.shiftLeft((await both(party))[0], 2);
          expect(shifted.fractionBits).toBe(5);
          return party.mpc.reinterpret(shifted, 3);
        },
        x.values.map((v) => wrap(4n * v)),
      );
    });

    it.skipIf(bits + 3 > 64)('expands into a larger ring', async () => {
      await expectValues(
        async (party) => {
          const expanded = party.mpc.expand((await both(party))[0], 3);
          expect(expanded).toMatchObject({ ringBits: bits + 3, fractionBits: 6 });
          return expanded;
        },
        x.values.map((v) => 8n * v),
      );
    });

    it('sums over either axis', async () => {
      const columns = [0, 1, 2, 3].map((c) => wrap(at(c) + at(c + 4) + at(c + 8)));
      await expectValues(async (party) => party.mpc.sum((await both(party))[0], 0), columns);
      const rows = [0, 4, 8].map((r) => wrap(at(r) + at(r + 1) + at(r + 2) + at(r + 3)));
      await expectValues(async (party) => party.mpc.sum((await both(party))[0], 1), rows);
    });

    it('moves elements', async () => {
      const pick = (...indices: number[]) => indices.map(at);
      const first = async (party: Party) => (await both(party))[0];
      await expectValues(
        async (party) => party.mpc.slice(await first(party), 1, 1, 3),
        pick(1, 2, 5, 6, 9, 10),
      );
      await expectValues(
        async (party) => party.mpc.transpose(await first(party), [1, 0]),
        pick(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11),
      );
      await expectValues(
        async (party) => party.mpc.gatherRows(await first(party), Uint32Array.of(2, 0)),
        pick(8, 9, 10, 11, 0, 1, 2, 3),
      );
      await expectValues(
        async (party) => party.mpc.broadcastRows(party.mpc.slice(await first(party), 0, 0, 1), 2),
        pick(0, 1, 2, 3, 0, 1, 2, 3),
      );
      await expectValues(
        async (party) => {
          const [a, b] = await both(party);
          return party.mpc.concat([party.mpc.slice(a, 1, 0, 1), b], 1);
        },
        [0, 1, 2].flatMap((r) => [at(4 * r), ...y.values.slice(4 * r, 4 * r + 4)]),
      );
      await parties().run(async (party) => {
        expect(party.mpc.reshape(await first(party), [2, 6]).shape).toEqual([2, 6]);
      });
    });

    it('narrows', async () => {
      await expectValues(
        async (party) => party.mpc.narrow((await both(party))[0], 5),
        x.values.map((v) => signed(v, 5)),
      );
    });

    it('narrows loosely: exactly what lies in the range', async () => {
      const some = data.plain([60], bits, 3, Math.min(bits, 6));
      const inside = some.values.flatMap((v, i) => (v > -8n && v < 8n ? [i] : []));
      await expectValues(
        async (party) => {
          const narrowed = party.mpc.narrowLoosely(await shareOf(party, 'client', some), 5, 1);
          return party.mpc.gatherRows(narrowed, Uint32Array.from(inside));
        },
        inside.map((i) => some.values[i]!),
      );
    });

    it('truncates to within the units in the last place that the backend states', async () => {
      const many = data.plain([200], bits, 3, bits - 1);
      const expected = many.values.map((v) => (v + 2n) >> 2n);
      await expectValues(
        async (party) => {
          const truncated = party.mpc.truncateReduce(await shareOf(party, 'client', many), 2);
          expect(truncated).toMatchObject({ ringBits: bits - 2, fractionBits: 1 });
          return truncated;
        },
        expected,
        truncationError,
      );
    });
  });
}
