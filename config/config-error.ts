import { CipherPruneError } from '../util/errors.js';

/** A configuration file or override that cannot be used; the message names file, key, expected and got. */
export class ConfigError extends CipherPruneError {
  override name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
}
