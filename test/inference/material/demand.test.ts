import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Correlation } from '../../../inference/material/correlation.js';
import { formatCorrelation, parseCorrelation } from '../../../inference/material/correlation-text.js';
import { Demand } from '../../../inference/material/demand.js';
import { ProtocolError } from '../../../inference/core/errors.js';

const party = fc.constantFrom('server' as const, 'client' as const);
const extent = fc.integer({ min: 1, max: 65536 });
const ringBits = fc.integer({ min: 1, max: 64 });
const correlation: fc.Arbitrary<Correlation> = fc.oneof(
  fc.record({ kind: fc.constant('linear' as const), weight: fc.nat(1000), ringBits }),
  fc.record({ kind: fc.constant('factors' as const), factors: fc.nat(1000), ringBits }),
  fc.record({
    kind: fc.constant('matmul' as const),
    batch: extent,
    n: extent,
    k: extent,
    m: extent,
    ringBits,
  }),
  fc
    .record({
      kind: fc.constant('square' as const),
      bits: fc.integer({ min: 2, max: 32 }),
      more: fc.nat(30),
      first: party,
    })
    .map(({ more, ...square }) => ({ ...square, ringBits: square.bits + (more % square.bits) })),
  fc.record({
    kind: fc.constant('comparison' as const),
    copies: fc.integer({ min: 1, max: 1024 }),
    ringBits: fc.integer({ min: 2, max: 33 }),
    sender: party,
  }),
  fc.record({
    kind: fc.constant('sign' as const),
    ringBits: fc.integer({ min: 6, max: 12 }),
    copies: fc.integer({ min: 4, max: 1024 }),
  }),
  fc.record({ kind: fc.constant('bit' as const), ringBits, sender: party }),
  fc.record({ kind: fc.constant('carry' as const), ringBits }),
  fc
    .record({ fractionBits: fc.integer({ min: 1, max: 12 }), integerBits: fc.integer({ min: 3, max: 8 }) })
    .map(({ fractionBits, integerBits }) => ({
      kind: 'exponential' as const,
      ringBits: fractionBits + integerBits,
      fractionBits,
      resultBits: fractionBits,
    })),
  fc.record({
    kind: fc.constant('look-up' as const),
    indexBits: fc.integer({ min: 1, max: 12 }),
    ringBits,
  }),
  fc
    .record({ bits: fc.integer({ min: 2, max: 62 }), more: fc.integer({ min: 1, max: 60 }) })
    .map(({ bits, more }) => ({ kind: 'selection' as const, bits, ringBits: Math.min(64, bits + more) })),
  fc.record({ kind: fc.constant('conjunction' as const), ringBits }),
  fc.record({ kind: fc.constant('product' as const), ringBits, width: extent }),
  fc.record({ kind: fc.constant('cots' as const), sender: party }),
);

describe('a demand', () => {
  it('is the same after a journey', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(correlation, fc.integer({ min: 1, max: 1e6 })), { maxLength: 20 }),
        (counts) => {
          const demand = Demand.of(counts);
          const read = Demand.fromBytes(demand.toBytes());
          expect(read.toJSON()).toEqual(demand.toJSON());
          for (const [each] of counts) {
            expect(parseCorrelation(formatCorrelation(each))).toEqual(each);
            expect(read.of(each)).toBe(
              counts
                .filter(([one]) => formatCorrelation(one) === formatCorrelation(each))
                .reduce((sum, [, n]) => sum + n, 0),
            );
          }
        },
      ),
    ));

  it.each([
    'nothing',
    '[]',
    'null',
    '{"linear": 3}',
    '{"linear 3": 3}',
    '{"linear -1 37": 3}',
    '{"linear 123456 37": 3}',
    '{"linear 3 65": 3}',
    '{"cots": 1}',
    '{"cots nobody": 1}',
    '{"cots server": 0}',
    '{"cots server": 1.5}',
    '{"cots server": "many"}',
    '{"cots server": 1e300}',
    '{"cots server": {"toString": 1}}',
    `{"cots server": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    '{"square 13 25": 4}',
    '{"square 13 26 server": 4}',
    '{"square 1 1 server": 4}',
    '{"comparison 34 1 server": 4}',
    '{"comparison 13": 4}',
    '{"selection 1 8": 4}',
    '{"selection 8 8": 4}',
    '{"selection 63 64": 4}',
    '{"conjunction 65": 4}',
    '{"conjunction 8 3": 4}',
    '{"product 65 8": 4}',
    '{"product 8 0": 4}',
    '{"matmul 1 2 3 4 65": 4}',
    '{"matmul 1 0 3 4 30": 4}',
    '{"matmul 1 2 3 99999 30": 4}',
    JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`linear ${i} 37`, 1]))),
    ' '.repeat(300_000),
  ])('is refused within bounds only: %s', (text) => {
    expect(() => Demand.fromBytes(new TextEncoder().encode(text))).toThrow(ProtocolError);
  });

  it('grows by texts and by a margin, where layers share', () => {
    const demand = Demand.of([
      [{ kind: 'matmul', batch: 12, n: 54, k: 64, m: 54, ringBits: 27 }, 1],
      [{ kind: 'matmul', batch: 12, n: 52, k: 64, m: 52, ringBits: 27 }, 1],
      [{ kind: 'matmul', batch: 12, n: 56, k: 56, m: 64, ringBits: 27 }, 1],
      [{ kind: 'product', ringBits: 24, width: 3 }, 30],
      [{ kind: 'linear', weight: 2, ringBits: 37 }, 54],
    ]);
    expect(demand.times(3).of({ kind: 'linear', weight: 2, ringBits: 37 })).toBe(162);
    const others = { 'linear 2 37': 62, 'matmul 12 56 64 56 27': 2, 'product 24 4': 35 };
    expect(demand.withMargin(64).toJSON()).toEqual({ ...others, 'matmul 12 64 64 64 27': 1 });
    expect(demand.withMargin(56).toJSON()).toEqual({
      ...others,
      'linear 2 37': 56,
      'matmul 12 56 56 64 27': 1,
    });
  });

  it('adds rows of a weight up to a power of two, and to as many as a text has', () => {
    const rows = (count: number, most = 1000) =>
      Demand.of([[{ kind: 'linear', weight: 2, ringBits: 37 }, count]])
        .withMargin(most)
        .of({ kind: 'linear', weight: 2, ringBits: 37 });
    expect([1, 2, 14, 49, 55, 64].map((count) => rows(count))).toEqual([4, 5, 16, 56, 63, 73]);
    expect([rows(128), rows(128, 128), rows(120, 128), rows(3, 2)]).toEqual([143, 128, 128, 3]);
    const two = Demand.of([[{ kind: 'linear', weight: 2, ringBits: 37 }, 250]]).withMargin(128, 2);
    expect(two.toJSON()).toEqual({ 'linear 2 37': 256 });
  });
});
