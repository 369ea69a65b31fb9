/** Errors of the engine. Messages say who, where, expected and got; never a secret. */

/** The peer sent something that the protocol does not allow, or went away. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

/** The peer and this party disagree about where in the protocol they are. */
export class ProtocolDesyncError extends ProtocolError {
  override name = 'ProtocolDesyncError';
}

/** The peer did not answer in time. */
export class PeerTimeoutError extends ProtocolError {
  override name = 'PeerTimeoutError';
}

/** The connection ended while the protocol was still running. */
export class PeerClosedError extends ProtocolError {
  override name = 'PeerClosedError';
}

/** Tensors whose shape, ring or scale do not fit the operation: a bug in the caller. */
export class TensorMismatchError extends Error {
  override name = 'TensorMismatchError';
}
