import { CipherPruneError } from '../../util/errors.js';

/** A model opens more about texts than the client accepts. Nothing of a text was used. */
export class OpensMoreError extends CipherPruneError {
  override name = 'OpensMoreError';
  readonly code = 'ERR_OPENS_MORE';
}
