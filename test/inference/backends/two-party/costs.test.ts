import { describe, expect, it } from 'vitest';
import { topBit, topBitsOfCopies } from '../../../../inference/backends/two-party/comparison/comparison.js';
import { open } from '../../../../inference/backends/two-party/exchange/open.js';
import { and } from '../../../../inference/backends/two-party/products/and.js';
import { lookUp } from '../../../../inference/backends/two-party/products/look-up.js';
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
import {
  carriesOf,
  bothProductsOf,
  carryOf,
  type TestParty,
  trafficOf,
} from '../../../support/two-parties.js';

const N = 800;
const words = (count = N) => new BigUint64Array(count);
const bits = (count = N) => new Uint8Array(count);
/** The docstrings' formulas, in bits for each element. */
const triangle = (from: number, to: number): number => ((from + to) * (from - to + 1)) / 2;

interface Case {
  readonly name: string;
  readonly body: (party: TestParty) => Promise<unknown>;
  readonly bitsEach: number;
  readonly flights: number;
}

const cases: readonly Case[] = [
  {
    name: 'comparison of 5 bits',
    body: (p) => topBit(p, words(), 5, carryOf(p)),
    bitsEach: 4 + 15,
    flights: 2,
  },
  {
    name: 'comparison of 13 bits',
    body: (p) => topBit(p, words(), 13, carryOf(p)),
    bitsEach: 12 + 15 * (3 + 3 + 2) + (2 + 3),
    flights: 3,
  },
  {
    name: 'comparison of 21 bits',
    body: (p) => topBit(p, words(), 21, carryOf(p)),
    bitsEach: 20 + 15 * (5 + 5 + 4 + 3 + 2) + (4 + 15),
    flights: 3,
  },
  {
    name: 'comparison of two copies of 13 bits',
    body: (p) => topBitsOfCopies(p, { x: words(), copies: 2, shifted: () => words(2 * N) }, 13, carryOf(p)),
    bitsEach: 12 + 2 * (15 * (3 + 3 + 2) + (2 + 3)),
    flights: 3,
  },
  { name: 'and', body: (p) => and(p, bits(), bits(), 'client'), bitsEach: 4, flights: 2 },
  {
    name: 'toArithmetic',
    body: (p) => toArithmetic(bits(), 20, carriesOf(p)),
    bitsEach: 1 + 19,
    flights: 2,
  },
  { name: 'widen', body: (p) => widen(p, words(), 22, 37, carriesOf(p)), bitsEach: 1 + 15, flights: 2 },
  {
    name: 'multiplex',
    body: (p) => multiplex(bits(32 * N), words(32 * N), 20, bothProductsOf(p)),
    bitsEach: 32 * (2 + 2 * 20),
    flights: 2,
  },
  {
    name: 'multiplex of few',
    body: (p) => multiplex(bits(), words(), 20, bothProductsOf(p)),
    bitsEach: 1 + 20 + (20 * (20 + 3)) / 2,
    flights: 2,
  },
  {
    name: 'multiplex of rows',
    body: (p) => multiplex(bits(), words(16 * N), 20, bothProductsOf(p)),
    bitsEach: 2 + 2 * 16 * 20,
    flights: 2,
  },
  {
    name: 'multiply',
    body: (p) => multiply(p, words(), words(), 22, 'client'),
    bitsEach: 2 * (22 + triangle(22, 1)),
    flights: 2,
  },
  {
    name: 'square',
    body: (p) => square(p, words(), 22, 'client'),
    bitsEach: 21 + triangle(21, 1),
    flights: 2,
  },
  {
    name: 'square from 12 bits into 22',
    body: (p) => squareInto(p, words(), { bits: 12, ringBits: 22, sign: 'signed', dropped: 0 }, 'client'),
    bitsEach: 12 + triangle(21, 10) + (1 + 9),
    flights: 2,
  },
  {
    name: 'square from 14 bits into 26, of which 13 are cut off',
    body: (p) => squareInto(p, words(), { bits: 14, ringBits: 26, sign: 'signed', dropped: 13 }, 'client'),
    bitsEach: 14 + 9 * 16 + triangle(16, 12) + (1 + 11),
    flights: 2,
  },
  {
    name: 'multiply by 12 bits in 24',
    body: (p) => multiplyNarrow(p, words(), words(), { bits: 12, ringBits: 24, sign: 'signed', dropped: 0 }),
    bitsEach: 2 * (12 + triangle(24, 13)),
    flights: 2,
  },
  {
    name: 'multiplyRows',
    body: (p) => multiplyRows(p, words(), words(16 * N), 22),
    bitsEach: 2 * (22 + 16 * triangle(22, 1)),
    flights: 2,
  },
  {
    name: 'multiplyPrivate',
    body: (p) => {
      const value = p.session.self === 'server' ? words() : null;
      return multiplyPrivate(p, words(16 * N), { owner: 'server', bits: 11, count: N, value }, 37, 0);
    },
    bitsEach: 11 + 16 * triangle(37, 27),
    flights: 2,
  },
  {
    name: 'look-up of 8 bits',
    body: (p) => {
      const table = { shape: [256], ringBits: 14, fractionBits: 0, data: words(256) };
      return lookUp(p, words(), 8, table, 'client');
    },
    bitsEach: 8 + 255 * 14,
    flights: 2,
  },
  { name: 'open to all', body: (p) => open(p, words(), 37, 'all'), bitsEach: 2 * 37, flights: 2 },
];

describe('every leaf protocol sends what its docstring says', () => {
  it.each(cases)('$name', async ({ body, bitsEach, flights }) => {
    expect(await trafficOf(body)).toEqual({ flights, bytes: (N * bitsEach) / 8 });
  });

  it('a chain of n one-way protocols takes n + 1 flights', async () => {
    const traffic = await trafficOf(async (party) => {
      const negative = await topBit(party, words(), 13, carryOf(party));
      const lifted = await toArithmetic(negative, 20, carriesOf(party));
      const squares = await square(party, lifted, 20, party.turns.take());
      await widen(party, squares, 20, 37, carriesOf(party));
    });
    expect(traffic.flights).toBe(2 + 3 + 1);
  });
});
