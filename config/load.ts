/** Reads a run configuration: YAML file over those that it extends, then `--set key=value` overrides, then the schema. */
import type * as z from 'zod';
import { ConfigError } from './config-error.js';
import { isTree, parseYaml, readExtended, type Tree } from './extends.js';
import { type RunConfig, runConfigSchema } from './schema.js';

export { ConfigError } from './config-error.js';

/** The object schema at a path of keys, looking through defaults and optionals; null where there is none. */
function shapeAt(path: readonly PropertyKey[]): Readonly<Record<string, unknown>> | null {
  let schema: unknown = runConfigSchema;
  for (const key of [null, ...path]) {
    if (key !== null) schema = (schema as { shape?: Record<PropertyKey, unknown> }).shape?.[key];
    while (typeof (schema as { unwrap?: unknown } | undefined)?.unwrap === 'function')
      schema = (schema as { unwrap: () => unknown }).unwrap();
  }
  return (schema as { shape?: Record<string, unknown> } | undefined)?.shape ?? null;
}

const knownKeys = (path: readonly PropertyKey[]): string => Object.keys(shapeAt(path) ?? {}).join(', ');

const describe = (issue: z.core.$ZodIssue): string => {
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = [...issue.path.map(String), issue.keys[0] ?? ''].join('.');
    return `unknown key ${key}; known here: ${knownKeys(issue.path)}`;
  }
  return where === '' ? issue.message : `${where}: ${issue.message}`;
};

/** Checks a literal and freezes the result. `origin` names the file in errors. */
export function parseRunConfig(literal: unknown, origin: string): RunConfig {
  const result = runConfigSchema.safeParse(literal);
  if (!result.success) throw new ConfigError(`${origin}: ${result.error.issues.map(describe).join('; ')}`);
  return deepFreeze(result.data) as RunConfig;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

/** Applies one `a.b.c=value`; the value is read as YAML (`0.3`, `true`, `null`, `text`). */
function applyOverride(tree: Tree, override: string): void {
  const equals = override.indexOf('=');
  if (equals < 1) throw new ConfigError(`--set ${override}: expected key=value`);
  const path = override.slice(0, equals).trim().split('.');
  for (let depth = 0; depth < path.length; depth++) {
    const shape = shapeAt(path.slice(0, depth));
    if (shape === null || !Object.hasOwn(shape, path[depth]!)) {
      const known = shape === null ? 'nothing below it' : Object.keys(shape).join(', ');
      throw new ConfigError(
        `--set ${override}: unknown key ${path.slice(0, depth + 1).join('.')}; known here: ${known}`,
      );
    }
  }
  let at = tree;
  for (const key of path.slice(0, -1)) {
    if (!isTree(at[key])) at[key] = {};
    at = at[key] as Tree;
  }
  at[path.at(-1)!] = parseYaml(override.slice(equals + 1), `--set ${override}`);
}

/** From what a YAML text says, which stays as it is, with overrides (`masks.lambda=0.2`). */
export function runConfigFrom(
  literal: unknown,
  origin: string,
  overrides: readonly string[] = [],
): RunConfig {
  if (!isTree(literal)) throw new ConfigError(`${origin}: expected a mapping of keys to values`);
  const tree = structuredClone(literal);
  for (const override of overrides) applyOverride(tree, override);
  return parseRunConfig(tree, origin);
}

/** Reads and checks a configuration file, with those that it extends. Throws ConfigError if one is missing or wrong. */
export async function loadRunConfig(file: string, overrides: readonly string[] = []): Promise<RunConfig> {
  return runConfigFrom(await readExtended(file), file, overrides);
}
