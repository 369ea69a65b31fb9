/** The configuration that a run was trained with, from the run's folder. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRunConfig } from '../../config/load.js';
import type { RunConfig } from '../../config/schema.js';

/** Null if this is not the folder of a run. Throws ConfigError if its configuration cannot be read. */
export async function findRunConfig(directory: string): Promise<RunConfig | null> {
  const file = join(directory, 'run.json');
  return existsSync(file) ? parseRunConfig(JSON.parse(await readFile(file, 'utf8')), file) : null;
}

/** The configuration of a run. Throws if this is not the folder of one. */
export async function readRunConfig(directory: string): Promise<RunConfig> {
  const config = await findRunConfig(directory);
  if (!config) throw new Error(`${directory}: expected the folder of a run, found no run.json`);
  return config;
}
