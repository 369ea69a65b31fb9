import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitmix32 } from '../../../util/splitmix32.js';
import {
  adaptLambda,
  constrainThresholds,
  holdShares,
  initialThresholds,
  quantile,
  runningShares,
  shareErrors,
  shiftThresholds,
  targetShares,
  thresholdParameters,
  thresholdsOf,
} from '../../../training/network/thresholds.js';

describe('thresholds', () => {
  it('start at quantiles that keep the wanted shares', () => {
    const random = splitmix32(4);
    const scores = [0, 1, 2].map((layer) => Array.from({ length: 2000 }, () => layer + random()));
    const shares = { keepFirst: 0.9, keepLast: 0.3, importantFirst: 0.5, importantLast: 0.1 };
    const thresholds = initialThresholds(scores, {
      rule: 'quantile',
      ...shares,
      pruneFinal: 0,
      reduceFinal: 0,
    });
    thresholds.forEach(({ prune, reduce }, layer) => {
      const share = (threshold: number): number => scores[layer]!.filter((s) => s >= threshold).length / 2000;
      expect(share(prune)).toBeCloseTo(0.9 - 0.3 * layer, 2);
      expect(share(reduce)).toBeCloseTo(0.5 - 0.2 * layer, 2);
    });
    const line = initialThresholds(scores, { rule: 'linear', ...shares, pruneFinal: 0.9, reduceFinal: 1.2 });
    expect(line.map(({ prune }) => Number(prune.toFixed(9)))).toEqual([0.3, 0.6, 0.9]);
    expect(quantile([1, 2, 3], 0.25)).toBe(1.5);
  });

  it('stay ordered, in units of the spread', () => {
    const spread = [0.5, 2];
    const parameters = thresholdParameters(
      [
        { prune: 1, reduce: 0.5 },
        { prune: -1, reduce: 3 },
      ],
      spread,
    );
    constrainThresholds(parameters, spread, false);
    expect(thresholdsOf(parameters, spread)).toEqual([
      { prune: 1, reduce: 1 },
      { prune: 0, reduce: 3 },
    ]);
    constrainThresholds(parameters, spread, true);
    expect(thresholdsOf(parameters, spread)[1]).toEqual({ prune: 1, reduce: 3 });
  });

  it('of the target mode pull lambda to where the target is kept', () => {
    // A plant whose kept share answers to lambda with a lag.
    let [kept, lambda] = [0.9, 0.4];
    const steps = 3000;
    for (let step = 0; step < 5 * steps; step++) {
      lambda = adaptLambda(lambda, kept - 0.5, 1 / steps);
      kept += 0.02 * (1 / (1 + Math.exp(lambda)) + 0.2 - kept);
    }
    expect(kept).toBeCloseTo(0.5, 2);
    expect(adaptLambda(10, 1, 0.1)).toBe(10);
    // The same phase in fewer, larger steps comes to the same.
    const inOne = adaptLambda(0.4, 0.25, 0.5);
    expect(adaptLambda(adaptLambda(0.4, 0.25, 0.25), 0.25, 0.25)).toBeCloseTo(inOne, 12);
  });

  it('follow a schedule from all tokens to the target, all thresholds moving alike', () => {
    const kept = [0.9, 0.4, 0.1];
    const scheduled = (target: number, progress: number): number =>
      1.4 / 3 - shareErrors(kept, target, progress)[0]!;
    expect(scheduled(0.5, 0)).toBeCloseTo(2.1 / 3, 9);
    expect(scheduled(0.5, 0.15)).toBeCloseTo(0.5 + (2.1 / 3 - 0.5) / 8, 9);
    expect(scheduled(0.5, 0.3)).toBeCloseTo(0.5, 9);
    expect(scheduled(0.5, 1)).toBeCloseTo(0.5, 9);
    // A target above what [CLS] alone in the last layer leaves.
    expect(scheduled(0.9, 0)).toBeCloseTo(0.9, 9);

    const spread = [0.5, 2];
    const start = spread.map(() => ({ prune: 0, reduce: 9 }));
    const parameters = thresholdParameters(start, spread);
    // Scores uniform on [0, 3] and [0, 6] units of the spread.
    const keptAt = (): number[] => {
      const thresholds = thresholdsOf(parameters, spread).map(({ prune }, layer) => prune / spread[layer]!);
      return [1 - thresholds[0]! / 3, 1 - thresholds[1]! / 6, 0.1];
    };
    const mean = (shares: readonly number[]): number => shares.reduce((a, b) => a + b) / shares.length;
    for (let step = 0; step <= 400; step++) {
      shiftThresholds(parameters, shareErrors(keptAt(), 0.4, step / 400));
    }
    const thresholds = thresholdsOf(parameters, spread);
    expect(mean(keptAt())).toBeCloseTo(0.4, 2);
    expect(thresholds[0]!.prune / spread[0]!).toBeCloseTo(thresholds[1]!.prune / spread[1]!, 5);
  });

  it('keep the share of every layer where each has its own', () => {
    const spread = [0.5, 2];
    const target = [0.9, 0.3];
    const start = spread.map(() => ({ prune: 0, reduce: 9 }));
    const parameters = thresholdParameters(start, spread);
    const keptAt = (): number[] => {
      const [first, second] = parameters.get('thresholds.prune')!.values;
      return [1 - first! / 3, 1 - second! / 6, 0.1];
    };
    for (let step = 0; step <= 400; step++) {
      shiftThresholds(parameters, shareErrors(keptAt(), target, step / 400));
      // On the way no layer runs ahead of its schedule: all tokens at first, the eighth part left to go at 15% of the phase.
      if (step === 60) expect(keptAt()[0]).toBeGreaterThan(0.9 + 0.1 / 8);
    }
    target.forEach((share, layer) => {
      expect(keptAt()[layer]).toBeCloseTo(share, 2);
    });
    expect(targetShares([0.7, 0.6, 0.1], target)).toEqual([0.9, 0.3, 0.1]);
    expect(targetShares([0.7, 0.6, 0.1], [0.9, 0])).toEqual([0.9, 0.1, 0.1]);
  });

  it('reach the target in the proportions that were learned', () => {
    const shares = fc.array(fc.double({ min: 0.1, max: 0.99, noNaN: true }), { minLength: 2, maxLength: 11 });
    fc.assert(
      fc.property(shares, fc.double({ min: 0.12, max: 0.9, noNaN: true }), (soft, keep) => {
        const learned = [...soft, 0.05];
        const wanted = targetShares(learned, keep);
        const mean = wanted.reduce((a, b) => a + b) / wanted.length;
        const most = (soft.length + 0.05) / learned.length;
        expect(Math.abs(mean - Math.min(keep, most))).toBeLessThan(0.003);
        expect(wanted.at(-1)).toBe(0.05);
        soft.forEach((share, a) => {
          expect(wanted[a]).toBeGreaterThanOrEqual(0.05);
          soft.forEach((other, b) => {
            if (share > other) expect(wanted[a]).toBeGreaterThanOrEqual(wanted[b]!);
          });
        });
      }),
    );
    expect(targetShares([0.5, 0.5, 0.1], (0.5 + 0.5 + 0.1) / 3)[0]).toBeCloseTo(0.5, 6);
    expect(targetShares([0.9, 0.5, 0.1], 0)).toEqual([0.1, 0.1, 0.1]);
  });

  it('hold the kept shares of the soft phase while scores drift', () => {
    const spread = [0.5, 2];
    const parameters = thresholdParameters(
      [
        { prune: 0.4, reduce: 0.4 },
        { prune: 1, reduce: 9 },
      ],
      spread,
    );
    const shares = [0.8, 0.3, 0.3];
    // Scores uniform on [0, 1] · drift, in units of the spread times 4.
    const keptAt = (drift: number): number[] => {
      const kept = thresholdsOf(parameters, spread).map(({ prune }, layer) =>
        Math.min(1, Math.max(0, 1 - prune / (4 * spread[layer]! * drift))),
      );
      return [...kept, kept.at(-1)!];
    };
    for (let step = 0; step < 2000; step++) holdShares(parameters, spread, keptAt(1 + step / 2000), shares);
    keptAt(2).forEach((share, layer) => {
      expect(share).toBeCloseTo(shares[layer]!, 1);
    });
    for (const { prune, reduce } of thresholdsOf(parameters, spread))
      expect(reduce).toBeGreaterThanOrEqual(prune);
  });

  it('take a running mean of the kept shares', () => {
    expect(runningShares(null, [1, 0.5])).toEqual([1, 0.5]);
    let shares = runningShares(null, [1, 0]);
    for (let step = 0; step < 1000; step++) shares = runningShares(shares, [0.25, step % 2]);
    expect(shares[0]).toBeCloseTo(0.25, 3);
    expect(shares[1]).toBeCloseTo(0.5, 1);
  });
});
