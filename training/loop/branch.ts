/** Starts a run from the dense model of another: runs that differ in their masks alone share phase 1. */
import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRunConfig } from '../../config/load.js';
import type { RunConfig } from '../../config/schema.js';
import { copyDirectory } from '../../model/replace-directory.js';
import { TrainingError } from '../errors.js';
import { asUsed } from './precision.js';
import { RunFolder } from './run-folder.js';

/** What of a configuration the dense model depends on, besides the phases that make it. */
const DENSE_SECTIONS = [
  ...(['task', 'model', 'method', 'data', 'seed', 'precision', 'batch', 'optimizer'] as const),
  ...(['select', 'patience', 'classWeights', 'activations'] as const),
] as const;

/** Before masks. */
const DENSE_PHASES = ['phases.dense', 'phases.layers', 'phases.answers'] as const;

/** Whether the dense phase depends on a key such as `model.dropout`. */
export const isDenseKey = (key: string): boolean =>
  [...DENSE_SECTIONS, ...DENSE_PHASES, 'distillation.fromStart'].some(
    (section) => key === section || key.startsWith(`${section}.`),
  );

/** The part of a configuration that the dense phase depends on, as text to compare. */
export function densePart(config: RunConfig): string {
  const part = { ...config, batch: { ...config.batch, workers: null } };
  return JSON.stringify([
    ...DENSE_SECTIONS.map((section) => part[section]),
    ...(['dense', 'layers', 'answers'] as const).map((phase) => config.phases[phase]),
    config.distillation.fromStart,
  ]);
}

/** Whether a run's dense phase is the one that is wanted, on this machine's precision; what comes after it may differ. */
export const sameDense = (known: RunConfig, wanted: RunConfig): boolean =>
  densePart(known) === densePart(asUsed(wanted, known));

/** The configuration of the shared dense run: the same without masks. */
export const denseConfig = (config: RunConfig, output: string): RunConfig => ({
  ...config,
  name: `${config.name} dense`,
  masks: { ...config.masks, mode: 'none' },
  output,
});

/**
 * Makes the folder of a run that `--resume` continues after its dense phase. `dense` is the folder of a finished dense run.
 * @throws TrainingError if that run is not finished or was trained by another configuration
 */
export async function branchRun(dense: string, wanted: RunConfig, directory: string): Promise<void> {
  const from = new RunFolder(dense);
  if (!existsSync(from.final) || !existsSync(from.last))
    throw new TrainingError(`${dense}: expected a finished dense run, found none`);
  const source = parseRunConfig(JSON.parse(await readFile(join(dense, 'run.json'), 'utf8')), dense);
  const config = asUsed(wanted, source);
  if (!sameDense(source, wanted))
    throw new TrainingError(`${dense}: its dense phase was trained by another configuration`);
  const to = new RunFolder(directory);
  await to.start(config);
  await copyFile(from.metrics, to.metrics);
  await to.writeOrigin(from.final);
  // Last, and at once: from then on the run counts as begun.
  await copyDirectory(from.last, to.last);
}
