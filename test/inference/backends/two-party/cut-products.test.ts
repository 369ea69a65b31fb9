/** Products whose lowest bits will be cut off: close to big integers, in fewer bits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multiplyPrivate } from '../../../../inference/backends/two-party/products/multiply.js';
import { exponential } from '../../../../inference/backends/two-party/products/exponential.js';
import {
  multiplyNarrow,
  squareInto,
} from '../../../../inference/backends/two-party/products/narrow-product.js';
import { both, type TestParty, testParties } from '../../../support/two-parties.js';

const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

/** Of both shares less what they should be: as signed numbers. */
const errorsOf = ([a, b]: [BigUint64Array, BigUint64Array], expected: readonly bigint[], bits: number) =>
  expected.map((value, i) => Number(BigInt.asIntN(bits, a[i]! + b[i]! - value)));

/** A third generator, so that neither values nor shares are those of the protocol. */
function numbers(seed: number): (bits: number) => bigint {
  let state = BigInt(seed) + 0x9e3779b97f4a7c15n;
  return (bits) => {
    state = mod(state * 0xd1342543de82ef95n + 0x632be59bd9b4e019n, 64);
    return bits === 0 ? 0n : state >> BigInt(64 - bits);
  };
}

function sharedOf(values: readonly bigint[], bits: number, next: (bits: number) => bigint) {
  const server = BigUint64Array.from(values, () => next(bits));
  const client = BigUint64Array.from(values, (value, i) => mod(value - server[i]!, bits));
  return (party: TestParty) => (party.session.self === 'server' ? server : client).slice();
}

interface Case {
  readonly bits: number;
  readonly ringBits: number;
  readonly dropped: number;
  readonly count: number;
  readonly seed: number;
}

/** Errors of each kind of product. */
async function errorsOfCase({ bits, ringBits, dropped, count, seed }: Case) {
  const next = numbers(seed);
  const signed = (of: number) => BigInt.asIntN(of, next(of));
  const width = 3;
  const y = Array.from({ length: count }, () => signed(bits - 1));
  const x = Array.from({ length: count * width }, () => next(ringBits));
  const [sharesX, sharesY] = [sharedOf(x, ringBits, next), sharedOf(y, bits, next)];
  const into = Math.min(ringBits, 2 * bits - 1);
  const squares =
    into > bits
      ? await both(testParties(seed), (p) =>
          squareInto(
            p,
            sharesY(p),
            { bits, ringBits: into, sign: 'signed', dropped },
            seed % 2 ? 'client' : 'server',
          ),
        )
      : null;
  const factors = Array.from({ length: count }, () => signed(bits));
  const words = BigUint64Array.from(factors, (value) => mod(value, bits));
  const byOwner = await both(testParties(seed), (p) => {
    const value = p.session.self === 'server' ? words : null;
    return multiplyPrivate(p, sharesX(p), { owner: 'server', bits, count, value }, ringBits, dropped);
  });
  const narrow = await both(testParties(seed), (p) =>
    multiplyNarrow(p, sharesX(p), sharesY(p), { bits, ringBits, sign: 'signed', dropped }),
  );
  const times = (by: readonly bigint[]) => x.map((value, i) => value * by[Math.floor(i / width)]!);
  return [
    ...errorsOf(narrow, times(y), ringBits),
    ...(squares
      ? errorsOf(
          squares,
          y.map((value) => value * value),
          into,
        )
      : []),
    ...errorsOf(byOwner, times(factors), ringBits),
  ];
}

describe('products whose lowest bits do not count', () => {
  it('are off by less than a unit of what is left, in any ring and at any count', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          bits: fc.integer({ min: 3, max: 20 }),
          grow: fc.integer({ min: 1, max: 30 }),
          dropped: fc.integer({ min: 0, max: 16 }),
          count: fc.integer({ min: 1, max: 21 }),
          seed: fc.integer({ min: 1, max: 1000 }),
        }),
        async ({ grow, ...given }) => {
          const ringBits = given.bits + grow;
          const errors = await errorsOfCase({ ...given, ringBits });
          for (const error of errors) expect(Math.abs(error)).toBeLessThan(2 ** given.dropped);
        },
      ),
      { numRuns: 60 },
    ));

  it('are 0 where a factor is that both share', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          bits: fc.integer({ min: 3, max: 20 }),
          grow: fc.integer({ min: 0, max: 30 }),
          dropped: fc.integer({ min: 0, max: 30 }),
          seed: fc.integer({ min: 1, max: 1000 }),
        }),
        async ({ bits, grow, dropped, seed }) => {
          const [next, ringBits, count, width] = [numbers(seed), bits + grow, 5, 4];
          const sharesX = sharedOf(new Array(count * width).fill(0n), ringBits, next);
          const sharesY = sharedOf(
            Array.from({ length: count }, () => BigInt.asIntN(bits - 1, next(bits - 1))),
            bits,
            next,
          );
          const factors = BigUint64Array.from({ length: count }, () => next(bits));
          const zeros = new Array(count * width).fill(0);
          const byOwner = await both(testParties(seed), (p) => {
            const value = p.session.self === 'client' ? factors : null;
            return multiplyPrivate(p, sharesX(p), { owner: 'client', bits, count, value }, ringBits, dropped);
          });
          expect(errorsOf(byOwner, zeros.map(BigInt), ringBits)).toEqual(zeros);
          const narrow = await both(testParties(seed), (p) =>
            multiplyNarrow(p, sharesX(p), sharesY(p), { bits, ringBits, sign: 'signed', dropped }),
          );
          expect(errorsOf(narrow, zeros.map(BigInt), ringBits)).toEqual(zeros);
        },
      ),
      { numRuns: 60 },
    ));

  it('e^x is 0 where it is below half of a unit of its product, for any sharing', async () => {
    const [exponent, fractionBits, count] = [{ ringBits: 14, fractionBits: 8 }, 10, 400];
    const next = numbers(11);
    const x = Array.from({ length: count }, (_, i) => BigInt(-(14 << 8) - i));
    const shares = sharedOf(x, exponent.ringBits, next);
    const powers = await both(testParties(3), (p) =>
      exponential(p, shares(p), exponent, fractionBits, 'client'),
    );
    expect(errorsOf(powers, new Array(count).fill(0n), 2 * fractionBits + 8)).toEqual(
      new Array(count).fill(0),
    );
  });

  it('are exact where nothing is dropped, else off by 0.15 of a unit and without a bias', async () => {
    const shape = { bits: 14, ringBits: 26, count: 3000, seed: 5 };
    expect(new Set(await errorsOfCase({ ...shape, count: 100, dropped: 0 }))).toEqual(new Set([0]));
    const errors = (await errorsOfCase({ ...shape, dropped: 12 })).map((error) => error / 2 ** 12);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(deviation).toBeGreaterThan(0.05);
    expect(deviation).toBeLessThan(0.15);
  });
});
