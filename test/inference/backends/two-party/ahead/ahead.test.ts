/** What is made ahead gives what is computed on demand, exactly, while it lasts; and it is used once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../../../inference/backends/backend.js';
import { dataOf, localBits } from '../../../../../inference/backends/local-backend.js';
import type { SharedTensor } from '../../../../../inference/core/tensors.js';
import { Prg } from '../../../../../inference/crypto/prg.js';

import { mod, opened, pairOf, shareOf, type Value, valuesOf } from './ahead-pair.js';

/** Operations of one kind, each on its operands, and what they must give. */
interface Case {
  readonly operands: readonly Value[];
  readonly run: (mpc: Backend, operands: readonly SharedTensor[]) => Promise<SharedTensor>;
  readonly expected: readonly bigint[];
}

/** Runs the case once to learn its demand, then from pools filled for `fills` times as much, then again. */
async function check(seed: number, each: Case, fills = 1): Promise<{ bytes: number[]; left: object[] }> {
  const pair = pairOf(seed);
  const bytes: number[] = [];
  const left: object[] = [];
  const once = async (): Promise<void> => {
    const before = pair.traffic.bytes;
    const results = await pair.both((mpc) =>
      each.run(
        mpc,
        each.operands.map((operand, i) => shareOf(mpc.self, operand, seed + i)),
      ),
    );
    bytes.push(pair.traffic.bytes - before);
    const [server, client] = await pair.both((mpc) => opened(mpc, results[mpc.self === 'server' ? 0 : 1]));
    expect(server).toEqual(client);
    expect(server).toEqual([...each.expected]);
  };
  await once();
  const demand = pair.server.material.demand();
  expect(pair.client.material.demand().toJSON()).toEqual(demand.toJSON());
  await pair.both((_, material) => material.prepareAhead(demand.times(fills)));
  for (let i = 0; i < fills + 1; i++) {
    await once();
    left.push(pair.server.material.stock().items.toJSON());
    expect(pair.client.material.stock().items.toJSON()).toEqual(left.at(-1));
  }
  return { bytes, left };
}

const seeds = fc.integer({ min: 1, max: 1 << 30 });
const signs = fc.constantFrom('signed' as const, 'non-negative' as const);

describe('made ahead, exactly as on demand', () => {
  it('squares in one ring', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 64 }),
        fc.integer({ min: 1, max: 40 }),
        seeds,
        async (bits, n, seed) => {
          const x = valuesOf(Prg.insecureForTests(seed), [n], bits);
          const { left } = await check(seed, {
            operands: [x],
            run: (mpc, [a]) => mpc.square(a!),
            expected: x.values.map((v) => mod(v * v, bits)),
          });
          expect(left).toEqual([{}, {}]);
        },
      ),
      { numRuns: 30 },
    ));

  it('tables, of which nothing travels', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        // Vectors of bits are made packed.
        fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 20 })),
        fc.integer({ min: 1, max: 40 }),
        seeds,
        async (indexBits, ringBits, n, seed) => {
          const random = Prg.insecureForTests(seed);
          const x = valuesOf(random, [n], indexBits);
          const entries = valuesOf(random, [2 ** indexBits], ringBits).values.map((v) => mod(v, ringBits));
          const data = BigUint64Array.from(entries);
          const table = { shape: [data.length], ringBits, fractionBits: 0, data };
          const { bytes, left } = await check(seed, {
            operands: [x],
            run: (mpc, [a]) => mpc.lookUp(a!, table),
            expected: x.values.map((v) => entries[Number(mod(v, indexBits))]!),
          });
          expect(left).toEqual([{}, {}]);
          expect(bytes[1]).toBe(2 * Math.ceil((n * indexBits) / 8));
        },
      ),
      { numRuns: 40 },
    ));

  it('numbers selected into a larger ring, in one opening', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 24 }),
        // More than one block, and not whole ones.
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(9_001)),
        seeds,
        async (bits, more, n, seed) => {
          const random = Prg.insecureForTests(seed);
          const chosen = valuesOf(random, [n], 1, 1, false);
          // What is not chosen need not have the headroom to be widened.
          const within = valuesOf(random, [n], bits, bits - 1).values;
          const x = valuesOf(random, [n], bits);
          const values = x.values.map((v, i) => (chosen.values[i] ? within[i]! : v));
          const { bytes, left } = await check(seed, {
            operands: [chosen, { ...x, values }],
            run: (mpc, [bit, a]) =>
              mpc.multiplex(localBits(Uint8Array.from(dataOf(bit!), Number), [n]), a!, bits + more),
            expected: values.map((v, i) => (chosen.values[i] ? mod(v, bits + more) : 0n)),
          });
          expect(left).toEqual([{}, {}]);
          expect(bytes[1]).toBe(2 * (Math.ceil((4 * n) / 8) + Math.ceil((n * (bits + 1)) / 8)));
        },
      ),
      { numRuns: 40 },
    ));

  it('top bits with several constants added', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5, max: 18 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        seeds,
        async (bits, borders, n, seed) => {
          const random = Prg.insecureForTests(seed);
          const x = valuesOf(random, [n], bits);
          const added = valuesOf(random, [borders], bits).values;
          const { left } = await check(seed, {
            operands: [x],
            run: async (mpc, [a]) =>
              mpc.toArithmetic(
                await mpc.areNegative(
                  a!,
                  added.map((value) => [{ rows: n, value: Number(value) }]),
                ),
                2,
              ),
            expected: added.flatMap((value) => x.values.map((v) => mod(v + value, bits) >> BigInt(bits - 1))),
          });
          expect(left).toEqual([{}, {}]);
        },
      ),
      { numRuns: 40 },
    ));

  it('squares into a larger ring', () =>
    fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 3, max: 32 })
          .chain((bits) => fc.tuple(fc.constant(bits), fc.integer({ min: bits + 1, max: 2 * bits - 1 }))),
        fc.integer({ min: 1, max: 40 }),
        signs,
        seeds,
        async ([bits, ringBits], n, sign, seed) => {
          const x = valuesOf(Prg.insecureForTests(seed), [n], bits, bits - 1, sign === 'signed');
          const { bytes } = await check(seed, {
            operands: [x],
            run: (mpc, [a]) => mpc.square(a!, ringBits, sign),
            expected: x.values.map((v) => mod(v * v, ringBits)),
          });
          // As many bits as x has there and back, and two more where a top bit can be set.
          const flips = ringBits - bits > 1 ? 2 * Math.ceil(n / 8) : 0;
          expect(bytes[1]).toBe(2 * Math.ceil((n * bits) / 8) + flips);
        },
      ),
      { numRuns: 40 },
    ));

  it('squares of several messages, and of more numbers than are combined at a time', async () => {
    const x = valuesOf(Prg.insecureForTests(1), [2 ** 15 + 4321], 13, 12);
    const { left } = await check(1, {
      operands: [x],
      run: (mpc, [a]) => mpc.square(a!, 25),
      expected: x.values.map((v) => mod(v * v, 25)),
    });
    expect(left).toEqual([{}, {}]);
  });

  it('products of rows, with factors of fewer bits too', () =>
    fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 3, max: 64 })
          .chain((bits) => fc.tuple(fc.constant(bits), fc.integer({ min: 3, max: bits }))),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        signs,
        seeds,
        async ([ringBits, bits], rows, width, sign, seed) => {
          const random = Prg.insecureForTests(seed);
          const x = valuesOf(random, [rows, width], ringBits);
          const y = valuesOf(random, [rows], bits, bits - 1, sign === 'signed');
          await check(seed, {
            operands: [x, y],
            run: (mpc, [a, b]) => mpc.multiply(a!, b!, sign),
            expected: x.values.map((v, i) => mod(v * y.values[Math.floor(i / width)]!, ringBits)),
          });
        },
      ),
      { numRuns: 40 },
    ));

  it('comparisons', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 3 }),
        seeds,
        async (bits, n, fills, seed) => {
          const x = valuesOf(Prg.insecureForTests(seed), [n], bits);
          const { left } = await check(
            seed,
            {
              operands: [x],
              run: async (mpc, [a]) => mpc.toArithmetic(await mpc.isNegative(a!), 8),
              expected: x.values.map((v) => (v < 0n ? 1n : 0n)),
            },
            fills,
          );
          expect(left.at(-1)).toEqual({});
        },
      ),
      { numRuns: 40 },
    ));

  it('comparisons of copies', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 5 }),
        seeds,
        async (bits, n, copies, seed) => {
          const x = valuesOf(Prg.insecureForTests(seed), [n], bits, bits - 1);
          const shifts = Array.from({ length: copies }, (_, c) => c - 2);
          await check(seed, {
            operands: [x],
            run: async (mpc, [a]) => {
              const all = shifts.map((value) => [{ rows: n, value }]);
              return mpc.toArithmetic(await mpc.areNegative(a!, all), 8);
            },
            expected: shifts.flatMap((shift) =>
              x.values.map((v) => (BigInt.asIntN(bits, v + BigInt(shift)) < 0n ? 1n : 0n)),
            ),
          });
        },
      ),
      { numRuns: 40 },
    ));

  it('widenings, bits as numbers, and multiplexers', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 30 }),
        fc.integer({ min: 1, max: 34 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 6 }),
        seeds,
        async (bits, more, n, width, seed) => {
          const random = Prg.insecureForTests(seed);
          const x = valuesOf(random, [n], bits, bits - 1);
          const { bytes, left } = await check(seed, {
            operands: [x],
            run: (mpc, [a]) => mpc.widen(a!, bits + more),
            expected: x.values.map((v) => mod(v, bits + more)),
          });
          expect(left).toEqual([{}, {}]);
          // A bit each way, whatever the rings.
          expect(bytes[1]).toBe(2 * Math.ceil(n / 8));
          const rows = valuesOf(random, [n, width], bits);
          await check(seed, {
            operands: [x, rows],
            run: async (mpc, [a, b]) => mpc.multiplex(await mpc.isNegative(a!), b!),
            expected: rows.values.map((v, i) => (x.values[Math.floor(i / width)]! < 0n ? mod(v, bits) : 0n)),
          });
        },
      ),
      { numRuns: 40 },
    ));

  it('matrices', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          batch: fc.integer({ min: 1, max: 3 }),
          n: fc.integer({ min: 1, max: 6 }),
          k: fc.integer({ min: 1, max: 6 }),
          m: fc.integer({ min: 1, max: 6 }),
          ringBits: fc.integer({ min: 2, max: 64 }),
        }),
        seeds,
        async ({ batch, n, k, m, ringBits }, seed) => {
          const random = Prg.insecureForTests(seed);
          const x = valuesOf(random, [batch, n, k], ringBits);
          const y = valuesOf(random, [batch, k, m], ringBits);
          const expected = Array.from({ length: batch * n * m }, (_, at) => {
            const [b, i, j] = [Math.floor(at / (n * m)), Math.floor(at / m) % n, at % m];
            let sum = 0n;
            for (let c = 0; c < k; c++)
              sum += x.values[(b * n + i) * k + c]! * y.values[(b * k + c) * m + j]!;
            return mod(sum, ringBits);
          });
          await check(seed, { operands: [x, y], run: (mpc, [a, b]) => mpc.matmul(a!, b!), expected }, 2);
        },
      ),
      { numRuns: 30 },
    ));
});
