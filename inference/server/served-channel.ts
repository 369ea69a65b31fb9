import type { ProtocolError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';

/** A channel that can be ended at once. */
export type ServedChannel = Channel & {
  abort(error: ProtocolError): void;
  /** Did the peer ever say anything? Absent where nobody knows. */
  readonly hasHeard?: boolean;
};
