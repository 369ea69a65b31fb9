/** Training that cannot go on: what happened, in which phase and step, and which checkpoint is still good. */
import { CipherPruneError } from '../util/errors.js';
export class TrainingError extends CipherPruneError {
  override name = 'TrainingError';
  readonly code = 'ERR_TRAINING';
}
