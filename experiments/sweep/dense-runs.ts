/** The runs of the dense phase that the settings of a sweep start from: one for all that have it in common. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../../config/schema.js';
import { denseConfig, densePart, isDenseKey, sameDense } from '../../training/loop/branch.js';
import { readRunConfig } from '../../training/loop/run-config.js';
import type { Setting } from './grid.js';

export interface DenseRun {
  /** Name of its folder. */
  readonly run: string;
  readonly settings: Setting;
  readonly config: RunConfig;
}

/** A setting and its whole configuration. */
export interface Wanted {
  readonly settings: Setting;
  readonly config: RunConfig;
}

/** The same with another seed. */
export const ofSeed = ({ settings, config }: Wanted, seed: number): Wanted => ({
  settings: { ...settings, seed: String(seed) },
  config: { ...config, seed },
});

/** Settings that the dense phase depends on. */
const denseSetting = (setting: Setting): Setting => ({
  ...Object.fromEntries(Object.entries(setting).filter(([key]) => isDenseKey(key))),
  'masks.mode': 'none',
});

const nameOf = (number: number): string => (number === 1 ? 'dense' : `dense-${number}`);

/** Dense runs that an earlier sweep left in the folder, finished or not, by name. */
async function runsThere(out: string): Promise<Map<string, RunConfig>> {
  const runs = new Map<string, RunConfig>();
  if (!existsSync(out)) return runs;
  for (const name of (await readdir(out)).sort())
    if (/^dense(-\d+)?$/.test(name) && existsSync(join(out, name, 'run.json')))
      runs.set(name, await readRunConfig(join(out, name)));
  return runs;
}

/**
 * The different dense runs of some settings, by what they depend on (`densePart`), in the settings' order. One that is in the
 * folder keeps its name, whatever the earlier sweep's settings were; the others have the first numbers that are free.
 */
export async function denseRuns(
  wanted: readonly Wanted[],
  name: string,
  out: string,
): Promise<Map<string, DenseRun>> {
  const there = await runsThere(out);
  const taken = new Set(there.keys());
  const runs = new Map<string, DenseRun>();
  const nameFor = (config: RunConfig): string => {
    for (const [run, known] of there) if (sameDense(known, config)) return run;
    let number = 1;
    while (taken.has(nameOf(number))) number++;
    taken.add(nameOf(number));
    return nameOf(number);
  };
  for (const { settings, config } of wanted) {
    const key = densePart(config);
    if (runs.has(key)) continue;
    const run = nameFor(config);
    runs.set(key, {
      run,
      settings: denseSetting(settings),
      config: denseConfig({ ...config, name }, join(out, run)),
    });
  }
  return runs;
}
