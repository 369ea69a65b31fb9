/** A peer that is gone before it said a word of the protocol. */
import { PeerClosedError } from '../core/errors.js';

/** For a client's first receive: what a closed connection may mean there. */
export function closedBeforeGreeting(error: unknown): never {
  if (!(error instanceof PeerClosedError)) throw error;
  throw new PeerClosedError(
    `${error.message}, before its greeting; one that takes TLS does so to a client without, or without a certificate that it takes`,
  );
}
