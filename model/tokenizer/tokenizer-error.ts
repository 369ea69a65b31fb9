import { CipherPruneError } from '../../util/errors.js';

/** Tokenizer files that cannot be used; the message names the file, expected and got. */
export class TokenizerError extends CipherPruneError {
  override name = 'TokenizerError';
  readonly code = 'ERR_TOKENIZER';
}
