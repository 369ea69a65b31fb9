/**
 * How a server says that it will not serve, so that the client can tell its user why: before the handshake in the place of the
 * hello, after it in the place of the admission.
 */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

export class RefusedError extends ProtocolError {
  override name = 'RefusedError';
  override readonly code = 'ERR_REFUSED';
}

export const REFUSAL_MAGIC = new TextEncoder().encode('CPREFUSE');
/** Printable ASCII; one byte says how long. */
const MOST_REASON_BYTES = 200;
const [REFUSED, ADMITTED] = [0, 1] as const;

function encodeReason(reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason.replace(/[^\x20-\x7e]/g, '?')).subarray(0, MOST_REASON_BYTES);
  return Uint8Array.of(text.length, ...text);
}

/** In the place of the server's hello. */
export const sendRefusal = (channel: Channel, reason: string): void =>
  channel.send(Uint8Array.of(...REFUSAL_MAGIC, ...encodeReason(reason)));

/** Behind the magic, of which the reader has taken `begun` bytes too many. @throws RefusedError */
export async function receiveReason(channel: Channel, begun: Uint8Array): Promise<never> {
  const [length] = begun.length > 0 ? begun : await channel.receive(1);
  const have = begun.subarray(1);
  const rest = await channel.receive(Math.max(0, length! - have.length));
  const text = new TextDecoder().decode(Uint8Array.of(...have, ...rest).subarray(0, length));
  throw new RefusedError(`the server refuses: ${text}`);
}

/** The last word of the server's handshake. */
export const sendAdmission = (channel: Channel): void => channel.send(Uint8Array.of(ADMITTED));

export const sendNoAdmission = (channel: Channel, reason: string): void =>
  channel.send(Uint8Array.of(REFUSED, ...encodeReason(reason)));

/** @throws RefusedError */
export async function receiveAdmission(channel: Channel): Promise<void> {
  const [word] = await channel.receive(1);
  if (word === ADMITTED) return;
  if (word === REFUSED) await receiveReason(channel, new Uint8Array(0));
  throw new ProtocolError(`handshake: expected an admission or a refusal, got ${word}`);
}
