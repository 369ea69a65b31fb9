import { CipherPruneError } from '../../util/errors.js';

/** Memory or disk is too small for weights that stay. */
export class ResidentWeightsError extends CipherPruneError {
  override name = 'ResidentWeightsError';
  readonly code = 'ERR_RESIDENT_WEIGHTS';
}
