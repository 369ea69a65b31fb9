import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scheduleFault } from '../../../model/artifact/schedule.js';
import { bucketOf } from '../../../model/padded-length.js';
import { type CountedText, keptShares, measureSchedule } from '../../../training/export/measure-schedule.js';

const text = (tokens: number, kept: number, important = kept): CountedText => ({
  tokens,
  kept: [kept, 1],
  important: [important, 1],
});

describe('a measured schedule', () => {
  it('keeps the quantile of what thresholds keep, by padded length', () => {
    const short = Array.from({ length: 100 }, (_, i) => text(8, 1 + (i % 5)));
    const long = Array.from({ length: 100 }, (_, i) => text(14, 3 + (i % 10), 2));
    const at = (quantile: number) => measureSchedule([...short, ...long], 16, quantile);
    expect(at(1)).toEqual([
      { tokens: 8, layers: [{ kept: 5, important: 5 }] },
      { tokens: 16, layers: [{ kept: 12, important: 2 }] },
    ]);
    expect(at(0.6)).toEqual([
      { tokens: 8, layers: [{ kept: 3, important: 3 }] },
      { tokens: 16, layers: [{ kept: 8, important: 2 }] },
    ]);
  });

  it('takes shares of the length where texts of a padded length are few', () => {
    const texts = Array.from({ length: 40 }, () => text(8, 4, 2));
    expect(measureSchedule(texts, 32, 0.95)).toEqual([
      { tokens: 8, layers: [{ kept: 4, important: 2 }] },
      { tokens: 16, layers: [{ kept: 8, important: 4 }] },
      { tokens: 32, layers: [{ kept: 16, important: 8 }] },
    ]);
  });

  it('always fits a model, and covers its share of texts in every layer whose texts are many', () => {
    const counted = fc.integer({ min: 1, max: 40 }).chain((tokens) =>
      fc
        .tuple(
          fc.integer({ min: 1, max: tokens }),
          fc.integer({ min: 1, max: tokens }),
          fc.integer({ min: 1, max: tokens }),
        )
        .map(([a, b, c]): CountedText => {
          const [most, less, least] = [a, b, c].sort((x, y) => y - x) as [number, number, number];
          return { tokens, kept: [most, less, 1], important: [less, least, 1] };
        }),
    );
    fc.assert(
      fc.property(
        fc.array(counted, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (texts, quantile) => {
          const schedule = measureSchedule(texts, 40, quantile);
          expect(scheduleFault(schedule, 3, 40)).toBeNull();
          for (const { tokens, layers } of schedule) {
            const own = texts.filter((one) => bucketOf(one.tokens) === tokens);
            if (own.length < 20) continue;
            const covered = own.filter((one) => one.kept[0]! <= layers[0]!.kept).length;
            expect(covered / own.length).toBeGreaterThanOrEqual(quantile - 1e-9);
          }
        },
      ),
    );
  });

  it('says what it keeps beside what thresholds do', () => {
    const texts = Array.from({ length: 20 }, (_, i) => text(8, i < 10 ? 2 : 6));
    expect(keptShares(texts, measureSchedule(texts, 8, 1))).toEqual({
      byThresholds: 0.5,
      bySchedule: 0.75,
    });
    // Of a shorter text no more than all.
    const short = [...texts, text(3, 1)];
    const { byThresholds, bySchedule } = keptShares(short, measureSchedule(short, 8, 1))!;
    expect(byThresholds).toBeCloseTo((20 * 0.5 + 1 / 3) / 21, 12);
    expect(bySchedule).toBeCloseTo((20 * 0.75 + 1) / 21, 12);
    // A model of one layer prunes nothing.
    const single = [{ tokens: 3, kept: [1], important: [1] }];
    expect(keptShares(single, measureSchedule(single, 8, 1))).toBeNull();
  });

  it('is refused where it does not fit', () => {
    const good = measureSchedule([text(8, 4)], 16, 1);
    expect(scheduleFault(good, 2, 32)).toContain('padded lengths 8, 16, 32');
    expect(scheduleFault(good, 3, 16)).toContain('must have 2 layers');
    const rising = [
      { tokens: 8, layers: [{ kept: 9, important: 1 }] },
      { tokens: 16, layers: [{ kept: 9, important: 1 }] },
    ];
    expect(scheduleFault(rising, 2, 16)).toContain('keep no more');
  });
});
