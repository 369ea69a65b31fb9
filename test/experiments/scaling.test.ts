import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fittedExponent, scalingFigure } from '../../experiments/scaling/fit.js';
import type { ScalingPoint } from '../../experiments/scaling/point.js';
import { readPoints, writeCharts, writePoints } from '../../experiments/scaling/point-file.js';
import { benchScaling, countedCost, type ScalingOptions } from '../../experiments/scaling/scaling.js';

const SETTING = { model: 'bert-tiny', importantRatio: 0.5 } as const;
const OPTIONS: ScalingOptions = {
  ...SETTING,
  lengths: [16, 32, 64],
  schedules: ['paper', 'none'],
  networks: ['loopback', 'wan'],
  batches: [1, 16],
  cores: [1, 2],
  measure: false,
  onProgress: () => undefined,
};
const costOf = (tokens: number, schedule: 'paper' | 'none') => countedCost(SETTING, tokens, schedule, true);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scaling-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

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

describe('bench scaling, counted', () => {
  it('costs more for longer texts, less for pruned ones, and is drawn', async () => {
    const figure = await benchScaling(OPTIONS);
    // One text on one core is what is counted.
    expect(figure.points).toHaveLength(3 * 2 * 2);
    for (const network of ['loopback', 'wan']) {
      const of = (schedule: string, value: 'bytes' | 'seconds') =>
        figure.points.filter((p) => p.schedule === schedule && p.network === network).map((p) => p[value]);
      for (const value of ['bytes', 'seconds'] as const)
        for (const schedule of ['paper', 'none'])
          expect(of(schedule, value)).toEqual([...of(schedule, value)].sort((a, b) => a - b));
      of('paper', 'bytes').forEach((pruned, at) => {
        expect(pruned).toBeLessThan(of('none', 'bytes')[at]!);
      });
    }
    expect(figure.exponents).toHaveLength(4);
    expect(figure.savings).toHaveLength(6);
    const files = await writeCharts(folder, figure);
    expect(files).toHaveLength(6);
    const svg = await readFile(join(folder, 'scaling-megabytes.svg'), 'utf8');
    expect(svg).not.toMatch(/NaN|undefined/);
    // A point of its own for each of two networks, two schedules and three lengths.
    expect(svg.match(/<path[^>]*aria-roledescription="point"/g)).toHaveLength(12);
  });

  it('models a server of many cores: no slower for a text alone, and more texts the shorter they are', async () => {
    const { modelled, points } = await benchScaling({ ...OPTIONS, schedules: ['paper'] });
    expect(modelled.map(({ cores, tokens }) => [cores, tokens])).toEqual([
      [64, 16],
      [64, 32],
      [64, 64],
    ]);
    for (const { tokens, seconds, textsPerSecond } of modelled) {
      const alone = points.find((p) => p.tokens === tokens && p.network === 'wan')!;
      expect(seconds.wan).toBeLessThan(alone.seconds);
      // Each core has at most one core's work: both parties' of a text, as the model has it on one machine.
      expect(textsPerSecond).toBeGreaterThan(64 / points.find((p) => p.tokens === tokens)!.seconds);
    }
    const rates = modelled.map(({ textsPerSecond }) => textsPerSecond);
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
  });
});

describe('points on file', () => {
  const old: ScalingPoint = {
    tokens: 16,
    schedule: 'none',
    network: 'loopback',
    batch: 1,
    cores: 1,
    cots: 'softspoken',
    bytes: 4e9,
    rounds: 9,
    seconds: 1000,
    measured: {
      cpuMilliseconds: { server: 1, client: 1 },
      peakMemoryBytes: { server: 1, client: 1 },
      shaping: 'none',
      coresShared: true,
    },
  };
  const one = {
    ...OPTIONS,
    lengths: [16],
    networks: ['loopback'],
    batches: [1],
    cores: [1],
    measure: true,
  } as const;

  it('are not made again, and new ones are written as they come', async () => {
    const own = join(folder, 'points');
    await writePoints(own, await scalingFigure(SETTING, [old], costOf));
    const written: number[] = [];
    const figure = await benchScaling({
      ...one,
      schedules: ['none', 'paper'],
      known: await readPoints(own, SETTING),
      onPoint: async (soFar) => {
        written.push(soFar.points.length);
        await writePoints(own, soFar);
      },
    });
    expect(written).toEqual([2]);
    expect(await readPoints(own, SETTING)).toEqual(figure.points);
    const paper = figure.points.find(({ schedule }) => schedule === 'paper')!;
    expect(figure.points.find(({ schedule }) => schedule === 'none')).toEqual(old);
    expect(paper.measured!.peakMemoryBytes.server).toBeGreaterThan(1e7);
    // A run may keep a token more: truncation decides scores that are almost equal.
    expect(paper.bytes / (await costOf(16, 'paper')).bytes).toBeCloseTo(1, 2);
    expect((figure.savings[0]!.seconds * paper.seconds) / 1000).toBeCloseTo(1, 1);
    expect(await readdir(own)).toEqual(['scaling.json']);
  });

  it('of another setting, or of anything else, are refused', async () => {
    const own = join(folder, 'others');
    expect(await readPoints(own, SETTING)).toEqual([]);
    await writePoints(own, await scalingFigure(SETTING, [old], costOf));
    await expect(readPoints(own, { ...SETTING, importantRatio: 1 })).rejects.toThrow(
      /expected points of .*important 1/,
    );
    await writeFile(join(own, 'scaling.json'), '{"points": 3}');
    await expect(readPoints(own, SETTING)).rejects.toThrow(/expected points of bench scaling/);
    await writeFile(join(own, 'scaling.json'), '{"model": "ber');
    await expect(readPoints(own, SETTING)).rejects.toThrow(
      /scaling\.json: expected points of bench scaling, got no JSON/,
    );
  });

  it('leave out what a server does not run', async () => {
    const said: string[] = [];
    const figure = await benchScaling({
      ...one,
      schedules: ['none'],
      lengths: [256],
      batches: [16],
      onProgress: (text) => said.push(text),
    });
    expect(figure.points).toEqual([]);
    expect(said.join()).toMatch(/left out.*256 tokens.*batch 16/);
  });
});
