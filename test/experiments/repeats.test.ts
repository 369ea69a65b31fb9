import { describe, expect, it } from 'vitest';
import { repeatMeans } from '../../experiments/sweep/repeats.js';
import type { SweepRow } from '../../experiments/sweep/results-file.js';

/** A finished row with what the means read. */
const row = (settings: Record<string, string>, float: number, fixedPoint: number | null = null): SweepRow =>
  ({
    run: JSON.stringify(settings),
    settings,
    status: 'done',
    float: { metrics: { accuracy: float }, meanKeptRatio: float / 2 },
    fixedPoint: fixedPoint === null ? null : { metrics: { accuracy: fixedPoint } },
    estimate: { bytes: 100 * float, seconds: { lan: float } },
  }) as unknown as SweepRow;

const none = { 'masks.mode': 'none' };
const prune = { 'masks.mode': 'prune', 'masks.keep': '0.4' };
const at = (seed: string, fold: string) => ({ seed, 'data.fold': fold });

describe('means over seeds and folds', () => {
  it('group what differs in nothing else, and compare each run with its own dense model', () => {
    const means = repeatMeans([
      row({ ...none, ...at('1', '1') }, 0.8, 0.7),
      row({ ...none, ...at('1', '2') }, 0.9, 0.8),
      row({ ...prune, ...at('1', '2') }, 0.88, 0.81),
      row({ ...prune, ...at('1', '1') }, 0.82, 0.73),
      { run: 'x', settings: { ...prune, ...at('2', '1') }, status: 'failed', error: 'stopped' },
      row({ 'masks.mode': 'prune', 'masks.keep': '0.3', ...at('1', '1') }, 0.5),
    ]);
    expect(means.map(({ settings, runs }) => [settings, runs])).toEqual([
      [none, 2],
      [prune, 2],
    ]);
    const [dense, pruned] = means;
    expect(dense!.gain.float).toEqual({ mean: 0, deviation: 0 });
    expect(pruned!.float.mean).toBeCloseTo(0.85, 12);
    expect(pruned!.gain.float!.mean).toBeCloseTo((0.02 - 0.02) / 2, 12);
    expect(pruned!.gain.float!.deviation).toBeCloseTo(0.04 / Math.SQRT2, 12);
    expect(pruned!.gain.fixedPoint!.mean).toBeCloseTo((0.03 + 0.01) / 2, 12);
    expect(pruned!.meanKeptRatio.mean).toBeCloseTo(0.425, 12);
  });

  it('have no gain where a dense model or its fixed point is missing', () => {
    const rows = [
      row({ ...none, ...at('1', '1') }, 0.8),
      row({ ...prune, ...at('1', '1') }, 0.8, 0.7),
      row({ ...prune, ...at('2', '1') }, 0.9, 0.8),
    ];
    expect(repeatMeans(rows)).toMatchObject([
      { runs: 2, fixedPoint: { mean: 0.75 }, gain: { float: null, fixedPoint: null } },
    ]);
    rows.push(row({ ...none, ...at('2', '1') }, 0.8));
    const [, pruned] = repeatMeans(rows);
    expect(pruned!.gain.float!.mean).toBeCloseTo(0.05, 12);
    expect(pruned!.gain.fixedPoint).toBeNull();
  });
});
