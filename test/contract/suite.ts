/** What every backend must do, checked against plain integer arithmetic. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TensorMismatchError } from '../../inference/core/errors.js';
import { sizeOf } from '../../inference/core/shape.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { cutContract } from './cuts.js';
import { localContract } from './local.js';
import {
  open,
  openBits,
  type Parties,
  type Party,
  type Plain,
  privateOf,
  shareBits,
  shareOf,
  signed,
  TestData,
} from './parties.js';
import { tableContract } from './tables.js';

const SHAPE = [3, 4];

export interface ContractOptions {
  /** Units in the last place by which `truncateReduce` may be off. */
  readonly truncationError?: bigint;
  /** The same of a product whose lowest bits are cut off; as that unless given. */
  readonly cutError?: bigint;
  /** Do the owners of private values take part? */
  readonly ownersCompute?: boolean;
}

export function contractSuite(
  name: string,
  makeParties: () => Promise<Parties>,
  { truncationError = 1n, cutError = truncationError, ownersCompute = true }: ContractOptions = {},
): void {
  describe(`backend contract: ${name}`, () => {
    let parties: Parties;
    beforeAll(async () => {
      parties = await makeParties();
    });
    afterAll(() => parties.close());

    /** Every party gets the same integers. */
    async function expectValues(
      body: (party: Party) => Promise<SharedTensor>,
      expected: readonly bigint[],
      tolerance = 0n,
    ): Promise<void> {
      for (const got of await parties.run(async (party) => open(party, await body(party)))) {
        expect(got.length).toBe(expected.length);
        const off = got.map((v, i) => (v > expected[i]! ? v - expected[i]! : expected[i]! - v));
        expect(off.filter((difference) => difference > tolerance)).toEqual([]);
      }
    }

    localContract(() => parties, expectValues, truncationError);
    tableContract(() => parties);
    cutContract(expectValues, cutError);

    describe.each([2, 5, 13, 37, 64])('in a ring of %i bits', (bits) => {
      const data = new TestData(bits);

      it.each(['server', 'client'] as const)('shares and opens a tensor of the %s', async (owner) => {
        const x = data.plain(SHAPE, bits, 3);
        await expectValues((party) => shareOf(party, owner, x), x.values);
      });

      it('tells signs, at the borders too', async () => {
        const top = 1n << BigInt(bits - 1);
        const x = data.plain([50], bits);
        const values = [...x.values, 0n, -1n, 1n, top - 1n, -top, -top + 1n].map((v) => signed(v, bits));
        const plain: Plain = { ...x, shape: [values.length], values };
        const results = await parties.run(async (party) =>
          openBits(party, await party.mpc.isNegative(await shareOf(party, 'client', plain))),
        );
        for (const got of results) expect(got).toEqual(values.map((v) => (v < 0n ? 1 : 0)));
      });

      it('tells signs of copies with different public constants', async () => {
        const x = data.plain([3, 5], bits);
        const shifts = [0n, 1n, -1n, 1n << BigInt(bits - 2)];
        const results = await parties.run(async (party) => {
          const shared = await shareOf(party, 'client', x);
          const copies = shifts.map((shift) => [
            { rows: 1, value: 0 },
            { rows: 2, value: Number(shift) },
          ]);
          return openBits(party, await party.mpc.areNegative(party.mpc.reinterpret(shared, 0), copies));
        });
        const expected = shifts.flatMap((shift) =>
          x.values.map((v, i) => (signed(v + (i < 5 ? 0n : shift), bits) < 0n ? 1 : 0)),
        );
        for (const got of results) expect(got).toEqual(expected);
      });

      it('multiplies and squares elementwise', async () => {
        const [x, y] = [data.plain(SHAPE, bits, 1), data.plain(SHAPE, bits, 2)];
        await expectValues(
          async (party) =>
            party.mpc.multiply(await shareOf(party, 'client', x), await shareOf(party, 'server', y)),
          x.values.map((v, i) => signed(v * y.values[i]!, bits)),
        );
        await expectValues(
          async (party) => party.mpc.square(await shareOf(party, 'client', x)),
          x.values.map((v) => signed(v * v, bits)),
        );
      });

      it('scales rows by a shared factor each', async () => {
        const [x, y] = [data.plain(SHAPE, bits), data.plain([3], bits)];
        await expectValues(
          async (party) =>
            party.mpc.multiply(await shareOf(party, 'client', x), await shareOf(party, 'server', y)),
          x.values.map((v, i) => signed(v * y.values[Math.floor(i / 4)]!, bits)),
        );
      });

      it('lifts bits and multiplexes by element and by row', async () => {
        const [all, rows] = [data.bits(SHAPE), data.bits([3])];
        const x = data.plain(SHAPE, bits, 1);
        await expectValues(
          async (party) => party.mpc.toArithmetic(await shareBits(party, 'client', all), bits),
          all.values.map((bit) => signed(BigInt(bit), bits)),
        );
        await expectValues(
          async (party) =>
            party.mpc.multiplex(await shareBits(party, 'server', all), await shareOf(party, 'client', x)),
          x.values.map((v, i) => (all.values[i] ? v : 0n)),
        );
        await expectValues(
          async (party) =>
            party.mpc.multiplex(await shareBits(party, 'server', rows), await shareOf(party, 'client', x)),
          x.values.map((v, i) => (rows.values[Math.floor(i / 4)] ? v : 0n)),
        );
      });
    });

    it.each([
      [4, 9],
      [13, 37],
      [29, 64],
      [20, 20],
    ])('widens %i bits to %i exactly within the headroom', async (from, to) => {
      const data = new TestData(from);
      const limit = 1n << BigInt(from - 2);
      const x = data.plain([40], from, 2, from - 1);
      const values = [...x.values.map((v) => signed(v, from - 1)), limit - 1n, -limit, -limit + 1n, 0n, -1n];
      const kept = values.filter((v) => v >= -limit && v < limit);
      const plain: Plain = { ...x, shape: [kept.length], values: kept };
      await expectValues(async (party) => party.mpc.widen(await shareOf(party, 'client', plain), to), kept);
    });

    it.each([
      [4, 9],
      [14, 37],
      [20, 21],
      [62, 64],
      [63, 64],
      [20, 20],
    ])('multiplexes %i bits into %i exactly, whatever is not selected', async (from, to) => {
      const data = new TestData(from);
      const limit = 1n << BigInt(from - 2);
      const bits = data.bits([200]);
      const edges = [limit - 1n, -limit, -limit + 1n, 0n, -1n];
      const values = data.plain([200], from, 2).values.map((v, i) => {
        if (bits.values[i] === 0) return v;
        return edges[i] ?? signed(v, from - 1);
      });
      const selected = values.map((v, i) => (bits.values[i] ? v : 0n));
      // Of both parties a share of its own, of any size.
      const first = data.plain([200], from, 2);
      const rest: Plain = { ...first, values: values.map((v, i) => signed(v - first.values[i]!, from)) };
      await expectValues(async (party) => {
        const { mpc } = party;
        const [a, b] = [await shareOf(party, 'server', first), await shareOf(party, 'client', rest)];
        const wide = await mpc.multiplex(await shareBits(party, 'server', bits), mpc.add(a, b), to);
        expect(wide).toMatchObject({ ringBits: to, fractionBits: 2 });
        return wide;
      }, selected);
    });

    it.each([
      [13, 1],
      [27, 12],
      [49, 15],
      [64, 31],
    ])('rounds %i bits by %i to nearest, exactly', async (from, bits) => {
      const x = new TestData(from).plain([60], from, 3);
      const half = 1n << BigInt(bits - 1);
      const values = [...x.values, 0n, -1n, half, half - 1n, -half, -half - 1n].map((v) => signed(v, from));
      const plain: Plain = { ...x, shape: [values.length], values };
      await expectValues(
        async (party) => {
          const rounded = await party.mpc.round(await shareOf(party, 'client', plain), bits);
          expect(rounded).toMatchObject({ ringBits: from - bits, fractionBits: 3 - bits });
          return rounded;
        },
        values.map((v) => signed((v + half) >> BigInt(bits), from - bits)),
      );
    });

    it.each([
      [24, 12],
      [37, 20],
      [23, 22],
      [64, 33],
      [5, 3],
    ])('multiplies and squares into %i bits from %i', async (ringBits, narrowBits) => {
      const data = new TestData(ringBits);
      const wide = data.plain([6, 7], ringBits, 3);
      const limit = 1n << BigInt(narrowBits - 2);
      const small = (shape: readonly number[]): Plain => {
        const plain = data.plain(shape, narrowBits, 2, narrowBits - 1);
        const edges = [limit - 1n, 1n - limit];
        return { ...plain, values: plain.values.map((v, i) => edges[i] ?? (v === -limit ? 0n : v)) };
      };
      const [all, rows] = [small([6, 7]), small([6])];
      for (const narrow of [all, rows]) {
        const repeated = 42 / narrow.values.length;
        await expectValues(
          async (party) => {
            const y = await shareOf(party, 'server', narrow);
            const product = await party.mpc.multiply(await shareOf(party, 'client', wide), y);
            expect(product).toMatchObject({ ringBits, fractionBits: 5 });
            return product;
          },
          wide.values.map((v, i) => signed(v * narrow.values[Math.floor(i / repeated)]!, ringBits)),
        );
      }
      const squareBits = Math.min(ringBits, 2 * narrowBits - 1);
      await expectValues(
        async (party) => party.mpc.square(await shareOf(party, 'server', all), squareBits),
        all.values.map((v) => signed(v * v, squareBits)),
      );
    });

    it('multiplies by a row that one party knows', async () => {
      const data = new TestData(7);
      const [x, y] = [data.plain([5, 6], 30, 8), data.plain([6], 11, 8)];
      for (const owner of ['server', 'client'] as const) {
        await expectValues(
          async (party) =>
            party.mpc.multiplyPrivate(await shareOf(party, 'client', x), privateOf(party, owner, y)),
          x.values.map((v, i) => signed(v * y.values[i % 6]!, 30)),
        );
      }
    });

    it.each([
      [1, 5, 3],
      [5, 12, 7],
      [8, 64, 96],
    ])('applies a weight to %i rows: %i inputs, %i outputs', async (rows, inputs, outputs) => {
      const data = new TestData(rows);
      const x = data.plain([rows, inputs], 37, 12, 20);
      const matrix = Int16Array.from({ length: inputs * outputs }, () => Number(data.next(8)));
      const bias = Float64Array.from({ length: outputs }, () => Number(data.next(10)) / 64);
      const expected: bigint[] = [];
      for (let r = 0; r < rows; r++)
        for (let o = 0; o < outputs; o++) {
          let sum = BigInt(Math.round(bias[o]! * 2 ** 18));
          for (let i = 0; i < inputs; i++)
            sum += x.values[r * inputs + i]! * BigInt(matrix[i * outputs + o]!);
          expected.push(signed(sum, 37));
        }
      await expectValues(async (party) => {
        const server = party.knows('server');
        const weight = await party.mpc.prepare({
          name: 'contract',
          inputs,
          outputs,
          weightBits: 8,
          fractionBits: 6,
          matrix: server ? matrix : null,
          bias: server ? bias : null,
        });
        const product = await party.mpc.linear(await shareOf(party, 'client', x), weight);
        expect(product).toMatchObject({ shape: [rows, outputs], ringBits: 37, fractionBits: 18 });
        return product;
      }, expected);
    });

    it('multiplies batches of matrices', async () => {
      const data = new TestData(11);
      const [batch, n, k, m] = [2, 3, 5, 4];
      const [x, y] = [data.plain([batch, n, k], 30, 4), data.plain([batch, k, m], 30, 5)];
      const expected: bigint[] = [];
      for (let b = 0; b < batch; b++)
        for (let r = 0; r < n; r++)
          for (let c = 0; c < m; c++) {
            let sum = 0n;
            for (let i = 0; i < k; i++)
              sum += x.values[(b * n + r) * k + i]! * y.values[(b * k + i) * m + c]!;
            expected.push(signed(sum, 30));
          }
      await expectValues(
        async (party) =>
          party.mpc.matmul(await shareOf(party, 'client', x), await shareOf(party, 'server', y)),
        expected,
      );
    });

    it('works on bits', async () => {
      const data = new TestData(13);
      const [a, b] = [data.bits(SHAPE), data.bits(SHAPE)];
      const results = await parties.run(async (party) => {
        const { mpc } = party;
        const [x, y] = [await shareBits(party, 'client', a), await shareBits(party, 'server', b)];
        return {
          and: await openBits(party, await mpc.and(x, y)),
          xor: await openBits(party, mpc.xor(x, y)),
          not: await openBits(party, mpc.not(x)),
          slice: await openBits(party, mpc.sliceBits(x, 1, 1, 3)),
          concat: await openBits(party, mpc.concatBits([x, y], 0)),
          reshape: mpc.reshapeBits(x, [12]).shape,
        };
      });
      const pairs = a.values.map((bit, i) => [bit, b.values[i]!] as const);
      for (const got of results) {
        expect(got.and).toEqual(pairs.map(([p, q]) => p & q));
        expect(got.xor).toEqual(pairs.map(([p, q]) => p ^ q));
        expect(got.not).toEqual(a.values.map((bit) => 1 - bit));
        expect(got.slice).toEqual(a.values.filter((_, i) => i % 4 === 1 || i % 4 === 2));
        expect(got.concat).toEqual([...a.values, ...b.values]);
        expect(got.reshape).toEqual([12]);
      }
    });

    it('shuffles rows of tensors and bits together', async () => {
      const rows = 9;
      const data = new TestData(17);
      const x = data.plain([rows, 3], 37, 12);
      const y = data.plain([rows], 20, 4);
      const bits = data.bits([rows, 2]);
      const rowOf = (
        i: number,
        xs: readonly bigint[],
        ys: readonly bigint[],
        bs: readonly number[],
      ): string => [...xs.slice(3 * i, 3 * i + 3), ys[i], ...bs.slice(2 * i, 2 * i + 2)].join(' ');
      const indices = Array.from({ length: rows }, (_, i) => i);
      const results = await parties.run(async (party) => {
        const shuffled = await party.mpc.shuffle({
          tensors: [await shareOf(party, 'client', x), await shareOf(party, 'server', y)],
          bits: [await shareBits(party, 'client', bits)],
        });
        const xs = await open(party, shuffled.tensors[0]!);
        const ys = await open(party, shuffled.tensors[1]!);
        const bs = await openBits(party, shuffled.bits[0]!);
        return indices.map((i) => rowOf(i, xs, ys, bs));
      });
      const expected = indices.map((i) => rowOf(i, x.values, y.values, bits.values)).sort();
      for (const got of results) expect([...got].sort()).toEqual(expected);
    });

    it.skipIf(!ownersCompute)('opens to one party only', async () => {
      const x = new TestData(19).plain([4], 37);
      const results = await parties.run(async (party) => {
        const opened = await party.mpc.reveal(await shareOf(party, 'server', x), 'client', 'logits');
        expect(opened === null).toBe(!party.knows('client'));
        return opened;
      });
      const opened = results.filter((result) => result !== null);
      expect(opened.length).toBe(1);
      expect(Array.from(opened[0]!.data, (v) => signed(v, 37))).toEqual(x.values);
    });

    it('refuses tensors that do not fit together', async () => {
      const data = new TestData(23);
      const [x, y] = [data.plain(SHAPE, 37, 12), data.plain(SHAPE, 37, 11)];
      const z = data.plain([2, 6], 36, 12);
      await parties.run(async (party) => {
        const { mpc } = party;
        const [a, b] = [await shareOf(party, 'client', x), await shareOf(party, 'client', y)];
        const c = await shareOf(party, 'client', z);
        expect(() => mpc.add(a, b)).toThrow(TensorMismatchError);
        expect(() => mpc.subtract(a, c)).toThrow(TensorMismatchError);
        expect(() => mpc.narrow(c, 37)).toThrow(TensorMismatchError);
        expect(() => mpc.reshape(a, [5])).toThrow(TensorMismatchError);
        expect(() => mpc.slice(a, 1, 2, 5)).toThrow(TensorMismatchError);
        await expect(mpc.multiply(a, c)).rejects.toThrow(TensorMismatchError);
        expect(sizeOf(a.shape)).toBe(12);
      });
    });
  });
}
