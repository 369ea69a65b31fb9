import { parseYaml } from '../../config/extends.js';
import { runConfigFrom } from '../../config/load.js';
import type { RunConfig } from '../../config/schema.js';

/** As of a file with this text. */
export const runConfigFromYaml = (
  text: string,
  origin: string,
  overrides: readonly string[] = [],
): RunConfig => runConfigFrom(parseYaml(text, origin) ?? {}, origin, overrides);
