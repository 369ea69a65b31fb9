import { CipherPruneError } from '../../util/errors.js';

/** A damaged, foreign or newer artifact; the message names the file, expected and got. */
export class ArtifactError extends CipherPruneError {
  override name = 'ArtifactError';
  readonly code = 'ERR_ARTIFACT';
}
