/** A checkpoint that cannot be read or used; the message names file, expected and got. */
import { CipherPruneError } from '../../util/errors.js';
export class CheckpointError extends CipherPruneError {
  override name = 'CheckpointError';
  readonly code = 'ERR_CHECKPOINT';
}
