/** A file of options, for commands that have many. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from '../util/errors.js';

/** @throws UsageError that names the file */
export function readOptions(path: string): Record<string, unknown> {
  try {
    const options: unknown = parse(readFileSync(path, 'utf8'));
    if (typeof options === 'object' && options !== null && !Array.isArray(options))
      return options as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`--config: ${path}: ${(error as Error).message}`);
  }
  throw new UsageError(`--config: ${path}: expected options by name`);
}
