import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runConfigFromYaml } from '../../config/run-config-from-yaml.js';
import { readGlue } from '../../../data/sources/glue.js';
import { loadSplit } from '../../../data/sources/load.js';
import { generateSynthetic, writeSynthetic } from '../../../data/sources/synthetic.js';

const directory = mkdtempSync(join(tmpdir(), 'synthetic-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The sentiment by the grammar's own rules: in the last clause, `not` turns the next word round. */
function sentiment(text: string): number {
  const clause = text.split(', but ').at(-1)!;
  if (/will (love|leave happy|want more)|treat/.test(clause)) return 1;
  if (/will (hate|leave early|want a refund)|long night/.test(clause)) return 0;
  const match =
    /(not )?(charming|brilliant|funny|moving|gripping|delightful|clever|warm|fresh|superb|dull|tedious|clumsy|bland|silly|hollow|messy|stale|awful|lifeless)/.exec(
      clause,
    )!;
  const good = /charming|brilliant|funny|moving|gripping|delightful|clever|warm|fresh|superb/.test(match[2]!);
  return good === (match[1] === undefined) ? 1 : 0;
}

describe('synthetic data', () => {
  const data = generateSynthetic({ seed: 1, train: 1000, dev: 200 });

  it('is the same for the same seed, and another for another', () => {
    expect(generateSynthetic({ seed: 1, train: 1000, dev: 200 })).toEqual(data);
    expect(generateSynthetic({ seed: 2, train: 1000, dev: 200 })).not.toEqual(data);
  });

  it('labels every sentence by its meaning, about evenly', () => {
    for (const { text, label } of [...data.train, ...data.dev]) expect(sentiment(text), text).toBe(label);
    const positive = data.train.filter(({ label }) => label === 1).length;
    expect(positive).toBeGreaterThan(400);
    expect(positive).toBeLessThan(600);
  });

  it('shares no sentence between train and dev', () => {
    const train = new Set(data.train.map(({ text }) => text));
    expect(train.size).toBe(1000);
    expect(data.dev.some(({ text }) => train.has(text))).toBe(false);
  });

  it('is read back from its files', async () => {
    await writeSynthetic(directory, { seed: 1, train: 1000, dev: 200 });
    expect((await readGlue(directory, 'sst2', 'train')).examples).toEqual(data.train);
    expect((await readGlue(directory, 'sst2', 'dev')).examples).toEqual(data.dev);
  });

  it('comes through the loader of a run, which also cuts to limits and splits a dev file', async () => {
    const config = (...overrides: string[]) =>
      runConfigFromYaml('name: a\ntask: sst2\nmodel: { checkpoint: x }\n', 'test', overrides);
    const synthetic = config('data.source=synthetic', 'data.syntheticDev=5', 'data.trainLimit=7');
    expect((await loadSplit(synthetic, 'dev')).examples).toHaveLength(5);
    expect((await loadSplit(synthetic, 'train')).examples).toHaveLength(7);
    const split = config(`data.directory=${directory}`, 'data.splitDev=true');
    expect((await loadSplit(split, 'train')).examples).toHaveLength(160);
    expect((await loadSplit(split, 'dev')).examples).toHaveLength(40);
    await expect(loadSplit(config('task=rte', 'data.source=synthetic'), 'dev')).rejects.toThrow(
      /expected task sst2/,
    );
  });
});
