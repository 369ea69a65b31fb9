/** What is made ahead gives what is computed on demand, exactly, while it lasts; and it is used once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend, PartyId, SharedTensor } from '../../../../../inference/backends/backend.js';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { Demand } from '../../../../../inference/backends/two-party/ahead/demand.js';
import { GilboaLinear } from '../../../../../inference/backends/two-party/gilboa-linear.js';
import { TwoPartyBackend } from '../../../../../inference/backends/two-party/two-party-backend.js';
import { type Shape, sizeOf } from '../../../../../inference/core/shape.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { type TestParty, type Traffic, testParties } from '../../../../support/two-parties.js';

const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

interface Value {
  readonly shape: Shape;
  readonly ringBits: number;
  readonly values: readonly bigint[];
}

/** Signed values of at most `bits` bits. */
function valuesOf(random: Prg, shape: Shape, ringBits: number, bits = ringBits, signed = true): Value {
  const words = new BigUint64Array(random.bytes(8 * sizeOf(shape)).buffer);
  const values = Array.from(words, (word) => (signed ? BigInt.asIntN(bits, word) : mod(word, bits)));
  return { shape, ringBits, values };
}

interface Pair {
  readonly traffic: Traffic;
  readonly server: TwoPartyBackend;
  readonly client: TwoPartyBackend;
  both<T>(body: (mpc: TwoPartyBackend) => Promise<T>): Promise<[T, T]>;
}

function pairOf(seed: number): Pair {
  const { server, client, traffic } = testParties(seed);
  const backendOf = ({ session, cots, ...party }: TestParty) =>
    new TwoPartyBackend({ session, cots, linear: new GilboaLinear({ ...party, session, cots }) });
  const [a, b] = [backendOf(server), backendOf(client)];
  return { traffic, server: a, client: b, both: (body) => Promise.all([body(a), body(b)]) };
}

/** Random shares of the value. */
function shareOf(self: PartyId, { shape, ringBits, values }: Value, seed: number): SharedTensor {
  const mask = new BigUint64Array(Prg.insecureForTests(seed).bytes(8 * values.length).buffer);
  const data = BigUint64Array.from(values, (value, i) =>
    mod(self === 'server' ? mask[i]! : value - mask[i]!, ringBits),
  );
  return localTensor(data, shape, { ringBits, fractionBits: 0 });
}

async function opened(mpc: Backend, x: SharedTensor): Promise<bigint[]> {
  return Array.from((await mpc.reveal(x, 'all', 'logits'))!.data);
}

/** Operations of one kind, each on its operands, and what they must give. */
interface Case {
  readonly operands: readonly Value[];
  readonly run: (mpc: TwoPartyBackend, operands: readonly SharedTensor[]) => Promise<SharedTensor>;
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
  const demand = pair.server.demand();
  expect(pair.client.demand().toJSON()).toEqual(demand.toJSON());
  await pair.both((mpc) => mpc.prepareAhead(demand.times(fills)));
  for (let i = 0; i < fills + 1; i++) {
    await once();
    left.push(pair.server.stock().items.toJSON());
    expect(pair.client.stock().items.toJSON()).toEqual(left.at(-1));
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
          await check(seed, {
            operands: [x],
            run: (mpc, [a]) => mpc.square(a!, ringBits, sign),
            expected: x.values.map((v) => mod(v * v, ringBits)),
          });
        },
      ),
      { numRuns: 40 },
    ));

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
