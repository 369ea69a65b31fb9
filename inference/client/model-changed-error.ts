import { CipherPruneError } from '../../util/errors.js';

/** A server that answers with another model than before. */
export class ModelChangedError extends CipherPruneError {
  override name = 'ModelChangedError';
  readonly code = 'ERR_MODEL_CHANGED';
}
