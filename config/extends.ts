/** `extends: other.yaml` in a configuration: what the other one says holds where this one says nothing. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ConfigError } from './config-error.js';

export type Tree = { [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** YAML text as values. Throws ConfigError naming where it is from. */
export function parseYaml(text: string, origin: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new ConfigError(`${origin}: not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** `own` over `base`, key by key; lists and plain values of `own` replace those of `base`. */
export function merged(base: Tree, own: Tree): Tree {
  const result: Tree = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const before = result[key];
    result[key] = isTree(before) && isTree(value) ? merged(before, value) : value;
  }
  return result;
}

/**
 * What a configuration file says together with those that it extends; their names are relative to its folder. path: the files
 * that led here. Throws ConfigError for a missing file, a circle, or text that is no mapping.
 */
export async function readExtended(file: string, path: readonly string[] = []): Promise<Tree> {
  const chain = [...path, file];
  if (path.includes(file)) throw new ConfigError(`extends goes in a circle: ${chain.join(' → ')}`);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const by = path.length > 0 ? `, which ${path.at(-1)} extends` : '';
    throw new ConfigError(`run configuration ${file}${by}: ${(error as Error).message}`);
  }
  const said = parseYaml(text, file) ?? {};
  if (!isTree(said)) throw new ConfigError(`${file}: expected a mapping of keys to values`);
  const { extends: base, ...own } = said;
  if (base === undefined) return own;
  if (typeof base !== 'string')
    throw new ConfigError(`${file}: extends: expected the name of one file, got ${JSON.stringify(base)}`);
  return merged(await readExtended(join(dirname(file), base), chain), own);
}
