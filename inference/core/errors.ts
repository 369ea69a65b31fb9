/** Errors of the engine. Messages say who, where, expected and got; never a secret. */
import { CipherPruneError } from '../../util/errors.js';
import { printable } from '../../util/printable.js';

/** The peer sent something that the protocol does not allow, or went away. What it sent may be in the message: made printable here. */
export class ProtocolError extends CipherPruneError {
  override name = 'ProtocolError';
  readonly code: `ERR_${string}` = 'ERR_PROTOCOL';

  constructor(message: string) {
    super(printable(message));
  }
}

/** The peer did not answer in time. */
export class PeerTimeoutError extends ProtocolError {
  override name = 'PeerTimeoutError';
  override readonly code = 'ERR_PEER_TIMEOUT';
}

/** The connection ended while the protocol was still running. */
export class PeerClosedError extends ProtocolError {
  override name = 'PeerClosedError';
  override readonly code = 'ERR_PEER_CLOSED';
}

/** Nobody answers at the address, or not as expected of a server. */
export class UnreachableError extends ProtocolError {
  override name = 'UnreachableError';
  override readonly code = 'ERR_UNREACHABLE';
}

/** Tensors whose shape, ring or scale do not fit the operation: a bug in the caller. */
export class TensorMismatchError extends CipherPruneError {
  override name = 'TensorMismatchError';
  readonly code = 'ERR_TENSOR_MISMATCH';
}
