/** A data set that cannot be used; the message names file, expected and got. */
import { CipherPruneError } from '../../util/errors.js';
export class DatasetError extends CipherPruneError {
  override name = 'DatasetError';
  readonly code = 'ERR_DATASET';
}
