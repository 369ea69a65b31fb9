import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topBit } from '../../../../inference/backends/two-party/comparison/comparison.js';
import { open, openBits } from '../../../../inference/backends/two-party/exchange/open.js';
import { and } from '../../../../inference/backends/two-party/products/and.js';
import { multiplex } from '../../../../inference/backends/two-party/products/multiplex.js';
import {
  multiply,
  multiplyPrivate,
  multiplyRows,
  square,
} from '../../../../inference/backends/two-party/products/multiply.js';
import {
  multiplyNarrow,
  squareInto,
} from '../../../../inference/backends/two-party/products/narrow-product.js';
import { toArithmetic } from '../../../../inference/backends/two-party/products/to-arithmetic.js';
import { widen } from '../../../../inference/backends/two-party/products/widen.js';
import { availableIsas, withIsaAsync } from '../../../support/isa.js';
import {
  carriesOf,
  both,
  bothProductsOf,
  carryOf,
  type TestParty,
  testParties,
} from '../../../support/two-parties.js';

const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

/** Small deterministic values for shares and inputs: tests only. */
function randomWords(count: number, bits: number, seed: number): bigint[] {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
  return Array.from({ length: count }, () => {
    state = mod(state * 6364136223846793005n + 1442695040888963407n, 64);
    const high = state >> 32n;
    state = mod(state * 6364136223846793005n + 1442695040888963407n, 64);
    return mod((high << 32n) | (state >> 32n), bits);
  });
}

/** [server's, client's] shares of values. */
function shared(values: readonly bigint[], bits: number, seed: number): [BigUint64Array, BigUint64Array] {
  const server = randomWords(values.length, bits, seed + 1);
  return [
    BigUint64Array.from(server),
    BigUint64Array.from(values, (value, i) => mod(value - server[i]!, bits)),
  ];
}

const sharedBits = (bits: readonly number[], seed: number): [Uint8Array, Uint8Array] => {
  const [server, client] = shared(bits.map(BigInt), 1, seed);
  return [Uint8Array.from(server, Number), Uint8Array.from(client, Number)];
};

const isServer = (party: TestParty): boolean => party.session.self === 'server';
const mine = <T>(party: TestParty, shares: readonly [T, T]): T => shares[isServer(party) ? 0 : 1];

const sum = ([a, b]: [BigUint64Array, BigUint64Array], bits: number): bigint[] =>
  Array.from(a, (value, i) => mod(value + b[i]!, bits));
const xor = ([a, b]: [Uint8Array, Uint8Array]): number[] => Array.from(a, (value, i) => value ^ b[i]!);

const sizes = fc.record({
  count: fc.integer({ min: 0, max: 70 }),
  bits: fc.integer({ min: 1, max: 64 }),
  seed: fc.integer({ min: 1, max: 1 << 30 }),
  isa: fc.constantFrom(...availableIsas.map(({ isa }) => isa)),
});
const RUNS = { numRuns: 60 };

describe('leaf protocols agree with plain arithmetic', () => {
  it('topBit, at random and at the edges', () =>
    fc.assert(
      fc.asyncProperty(sizes, async ({ count, bits, seed, isa }) => {
        const half = 1n << BigInt(bits - 1);
        const edges = [0n, 1n, half - 1n, half, half + 1n, (half << 1n) - 1n].map((value) =>
          mod(value, bits),
        );
        const values = [...edges, ...edges, ...randomWords(count, bits, seed)];
        const shares = shared(values, bits, seed);
        const result = await withIsaAsync(isa, () =>
          both(testParties(seed), (party) => topBit(party, mine(party, shares), bits, carryOf(party))),
        );
        expect(xor(result)).toEqual(values.map((value) => Number(value >> BigInt(bits - 1))));
      }),
      RUNS,
    ));

  it('topBit on every pair of shares of small rings', async () => {
    for (const bits of [2, 3, 5, 6, 7]) {
      const size = 1 << bits;
      const server = BigUint64Array.from({ length: size * size }, (_, i) => BigInt(i % size));
      const client = BigUint64Array.from({ length: size * size }, (_, i) => BigInt(Math.floor(i / size)));
      const result = await both(testParties(bits), (party) =>
        topBit(party, mine(party, [server, client]), bits, carryOf(party)),
      );
      expect(xor(result)).toEqual(
        Array.from(server, (value, i) => Number(mod(value + client[i]!, bits) >> BigInt(bits - 1))),
      );
    }
  });

  it('and', () =>
    fc.assert(
      fc.asyncProperty(sizes, async ({ count, seed, isa }) => {
        const a = randomWords(count, 1, seed).map(Number);
        const b = randomWords(count, 1, seed + 5).map(Number);
        const [sharesA, sharesB] = [sharedBits(a, seed + 7), sharedBits(b, seed + 9)];
        const result = await withIsaAsync(isa, () =>
          both(testParties(seed), (party) =>
            and(party, mine(party, sharesA), mine(party, sharesB), 'server'),
          ),
        );
        expect(xor(result)).toEqual(a.map((value, i) => value & b[i]!));
      }),
      RUNS,
    ));

  it('toArithmetic', () =>
    fc.assert(
      fc.asyncProperty(sizes, async ({ count, bits, seed }) => {
        const values = randomWords(count, 1, seed).map(Number);
        const shares = sharedBits(values, seed);
        const result = await both(testParties(seed), (party) =>
          toArithmetic(mine(party, shares), bits, carriesOf(party)),
        );
        expect(sum(result, bits)).toEqual(values.map(BigInt));
      }),
      RUNS,
    ));

  it('multiplex, by element and by row', () =>
    fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 40 }), async ({ count, bits, seed, isa }, width) => {
        const choice = randomWords(count, 1, seed).map(Number);
        const x = randomWords(count * width, bits, seed + 3);
        const [sharesB, sharesX] = [sharedBits(choice, seed), shared(x, bits, seed)];
        const result = await withIsaAsync(isa, () =>
          both(testParties(seed), (party) =>
            multiplex(mine(party, sharesB), mine(party, sharesX), bits, bothProductsOf(party)),
          ),
        );
        expect(sum(result, bits)).toEqual(x.map((value, i) => (choice[Math.floor(i / width)] ? value : 0n)));
      }),
      RUNS,
    ));

  it('multiply and square', () =>
    fc.assert(
      fc.asyncProperty(sizes, async ({ count, bits, seed, isa }) => {
        const [x, y] = [randomWords(count, bits, seed), randomWords(count, bits, seed + 3)];
        const [sharesX, sharesY] = [shared(x, bits, seed), shared(y, bits, seed + 5)];
        await withIsaAsync(isa, async () => {
          const product = await both(testParties(seed), (party) =>
            multiply(party, mine(party, sharesX), mine(party, sharesY), bits, 'server'),
          );
          expect(sum(product, bits)).toEqual(x.map((value, i) => mod(value * y[i]!, bits)));
          const squares = await both(testParties(seed), (party) =>
            square(party, mine(party, sharesX), bits, 'client'),
          );
          expect(sum(squares, bits)).toEqual(x.map((value) => mod(value * value, bits)));
        });
      }),
      RUNS,
    ));

  it('multiplyRows', () =>
    fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 40 }), async ({ count, bits, seed, isa }, width) => {
        const rows = count % 8;
        const [factors, x] = [randomWords(rows, bits, seed), randomWords(rows * width, bits, seed + 3)];
        const [sharesF, sharesX] = [shared(factors, bits, seed), shared(x, bits, seed + 5)];
        const result = await withIsaAsync(isa, () =>
          both(testParties(seed), (party) =>
            multiplyRows(party, mine(party, sharesF), mine(party, sharesX), bits),
          ),
        );
        expect(sum(result, bits)).toEqual(
          x.map((value, i) => mod(value * factors[Math.floor(i / width)]!, bits)),
        );
      }),
      RUNS,
    ));

  it('multiplyNarrow and squareInto, within the headroom', () =>
    fc.assert(
      fc.asyncProperty(
        sizes,
        fc.record({ width: fc.integer({ min: 1, max: 20 }), grow: fc.integer({ min: 0, max: 62 }) }),
        async ({ count: size, bits: any, seed, isa }, { width, grow }) => {
          const bits = Math.max(2, any);
          const ringBits = Math.min(64, bits + grow);
          const count = 2 + (size % 20);
          const limit = 1n << BigInt(bits - 2);
          const sign = seed % 2 === 0 ? 'signed' : 'non-negative';
          const offset = sign === 'signed' ? 0n : limit;
          const y = randomWords(count, bits - 1, seed).map(
            (value) => BigInt.asIntN(bits - 1, value) + offset,
          );
          y[0] = -limit + offset;
          y[1] = limit - 1n + offset;
          const x = randomWords(count * width, ringBits, seed + 3);
          const [sharesX, sharesY] = [shared(x, ringBits, seed), shared(y, bits, seed + 5)];
          await withIsaAsync(isa, async () => {
            const products = await both(testParties(seed), (party) =>
              multiplyNarrow(party, mine(party, sharesX), mine(party, sharesY), {
                bits,
                ringBits,
                sign,
                dropped: 0,
              }),
            );
            expect(sum(products, ringBits)).toEqual(
              x.map((value, i) => mod(value * y[Math.floor(i / width)]!, ringBits)),
            );
            const into = Math.min(ringBits, 2 * bits - 1);
            if (into <= bits) return;
            for (const receiver of ['server', 'client'] as const) {
              const squares = await both(testParties(seed), (party) =>
                squareInto(party, mine(party, sharesY), { bits, ringBits: into, sign, dropped: 0 }, receiver),
              );
              expect(sum(squares, into)).toEqual(y.map((value) => mod(value * value, into)));
            }
          });
        },
      ),
      RUNS,
    ));

  it('multiplyPrivate, for either owner and signed factors', () =>
    fc.assert(
      fc.asyncProperty(
        sizes,
        fc.record({
          factorBits: fc.integer({ min: 1, max: 64 }),
          rows: fc.integer({ min: 1, max: 30 }),
          owner: fc.constantFrom('server' as const, 'client' as const),
        }),
        async ({ count: size, bits, seed, isa }, { factorBits, rows, owner }) => {
          const count = size % 10;
          const factors = randomWords(count, factorBits, seed);
          const columns = randomWords(count * rows, bits, seed + 3);
          const shares = shared(columns, bits, seed);
          const result = await withIsaAsync(isa, () =>
            both(testParties(seed), (party) => {
              const value = party.session.self === owner ? BigUint64Array.from(factors) : null;
              return multiplyPrivate(
                party,
                mine(party, shares),
                { owner, bits: factorBits, count, value },
                bits,
                0,
              );
            }),
          );
          expect(sum(result, bits)).toEqual(
            columns.map((value, i) =>
              mod(value * BigInt.asIntN(factorBits, factors[Math.floor(i / rows)]!), bits),
            ),
          );
        },
      ),
      RUNS,
    ));

  it('widen, exactly', () =>
    fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 0, max: 62 }), async ({ count, bits, seed }, grow) => {
        const from = Math.max(2, bits);
        const to = Math.min(64, from + grow);
        const bound = 1n << BigInt(from - 2);
        const values = [
          -bound,
          bound - 1n,
          0n,
          ...randomWords(count, from - 1, seed).map((value) => BigInt.asIntN(from - 1, value)),
        ];
        const shares = shared(values, from, seed);
        const result = await both(testParties(seed), (party) =>
          widen(party, mine(party, shares), from, to, carriesOf(party)),
        );
        expect(sum(result, to)).toEqual(values.map((value) => mod(value, to)));
      }),
      RUNS,
    ));

  it('open and openBits, to one party or all', () =>
    fc.assert(
      fc.asyncProperty(
        sizes,
        fc.constantFrom('server' as const, 'client' as const, 'all' as const),
        async ({ count, bits, seed }, to) => {
          const [values, flags] = [randomWords(count, bits, seed), randomWords(count, 1, seed).map(Number)];
          const [sharesX, sharesB] = [shared(values, bits, seed), sharedBits(flags, seed)];
          const parties = testParties(seed);
          const opened = await both(parties, (party) => open(party, mine(party, sharesX), bits, to));
          const openedBits = await both(parties, (party) => openBits(party, mine(party, sharesB), to));
          (['server', 'client'] as const).forEach((id, at) => {
            const learns = to === 'all' || to === id;
            expect(opened[at] && Array.from(opened[at])).toEqual(learns ? values : null);
            expect(openedBits[at] && Array.from(openedBits[at])).toEqual(learns ? flags : null);
          });
        },
      ),
      RUNS,
    ));
});
