import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchScaling, fittedExponent, type Saving, scalingFigure } from '../../bench/scaling.js';
import { scalingSvg } from '../../bench/scaling-figure.js';
import { readPoints, writeFigure } from '../../bench/scaling-file.js';

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
      schedules: ['paper', 'none'],
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
    // Three points and the legend's mark.
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg.match(/<rect/g)).toHaveLength(1 + 4);
    expect(svg).toContain(`tokens^${figure.exponents[1]!.bytes!.toFixed(2)}`);
    expect(svg).not.toContain('NaN');
  });
});

describe('points on file', () => {
  const setting = { model: 'bert-tiny', cots: 'softspoken', importantRatio: 0.5 } as const;
  const measured = {
    milliseconds: 1000,
    cpuMilliseconds: { server: 1, client: 1 },
    peakMemoryBytes: { server: 1, client: 1 },
  };
  const none = { tokens: 16, schedule: 'none', bytes: 4e9, rounds: 9, measured } as const;

  it('are not made again, and are written as they come', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scaling-test-'));
    try {
      const file = join(folder, 'points.json');
      await writeFigure(file, scalingFigure(setting, [none]));
      const written: number[] = [];
      const figure = await benchScaling({
        ...setting,
        lengths: [16],
        schedules: ['none', 'paper'],
        measure: true,
        known: await readPoints(file, setting),
        onPoint: async (soFar) => {
          written.push(soFar.points.length);
          await writeFigure(file, soFar);
        },
        onProgress: () => undefined,
      });
      expect(written).toEqual([2]);
      expect(await readPoints(file, setting)).toEqual(figure.points);
      const [paper, old] = figure.points;
      expect(old).toEqual(none);
      expect(paper!.measured!.peakMemoryBytes.server).toBeGreaterThan(1e7);
      const [{ milliseconds, bytes }] = figure.savings as [Saving];
      expect((milliseconds! * paper!.measured!.milliseconds) / 1000).toBeCloseTo(1, 1);
      expect((bytes * paper!.bytes) / 4e9).toBeCloseTo(1, 2);
      expect(figure.exponents[0]).toEqual({ schedule: 'paper', bytes: null, milliseconds: null });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of another setting, or of anything else, are refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scaling-test-'));
    try {
      const file = join(folder, 'points.json');
      expect(await readPoints(file, setting)).toEqual([]);
      await writeFigure(file, scalingFigure(setting, [none]));
      await expect(readPoints(file, { ...setting, cots: 'ferret' })).rejects.toThrow(
        /expected points of .*ferret/,
      );
      await writeFile(file, '{"points": 3}');
      await expect(readPoints(file, setting)).rejects.toThrow(/expected points of bench scaling/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
