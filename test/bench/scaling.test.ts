import { describe, expect, it } from 'vitest';
import { benchScaling, fittedExponent } from '../../bench/scaling.js';
import { scalingSvg } from '../../bench/scaling-figure.js';

describe('fittedExponent', () => {
  it('finds the power of a power law, and the middle of a scattered one', () => {
    expect(fittedExponent([1, 2, 4, 8].map((x) => [x, 5 * x ** 1.7]))).toBeCloseTo(1.7, 12);
    expect(
      fittedExponent([
        [1, 2],
        [2, 1],
        [4, 8],
        [8, 4],
      ]),
    ).toBeGreaterThan(0);
  });
});

describe('bench scaling', () => {
  it('counts more for longer texts, less for pruned ones, and draws both', async () => {
    const figure = await benchScaling({
      model: 'bert-tiny',
      lengths: [16, 32, 64],
      measure: false,
      cots: 'softspoken',
      importantRatio: 0.5,
      onProgress: () => undefined,
    });
    const bytes = (schedule: string) =>
      figure.points.filter((point) => point.schedule === schedule).map((point) => point.bytes);
    for (const schedule of ['paper', 'none'])
      expect(bytes(schedule)).toEqual([...bytes(schedule)].sort((a, b) => a - b));
    bytes('paper').forEach((pruned, at) => {
      expect(pruned).toBeLessThan(bytes('none')[at]!);
    });
    const svg = scalingSvg(figure);
    expect(svg.match(/<circle/g)).toHaveLength(6);
    expect(svg).toContain(`tokens^${figure.exponents[1]!.bytes.toFixed(2)}`);
    expect(svg).not.toContain('NaN');
  });
});
