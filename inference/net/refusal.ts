/**
 * How a server says that it will not serve, so that the client can tell its user why and whether to come again: before the handshake in
 * the place of the hello, later as a notice (notice.ts). A refusal: `kind [1] | come again after seconds [2] | length [1] | text`.
 */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

/** The order is that of their numbers on the wire; a number without a name is `other`. */
const REFUSAL_KINDS = [
  'other',
  /** As many clients as may be are served, or wait. */
  'busy',
  /** The server is ending. */
  'ending',
  'token',
  /** The server has no such model. */
  'model',
  /** Limits of one identity: connections at a time, texts an hour, texts a day, material. */
  'connections',
  'hourly',
  'daily',
  'material',
] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

export interface Refusal {
  readonly kind: RefusalKind;
  readonly text: string;
  /** When it may be different; 0: not by waiting. */
  readonly retryAfterSeconds: number;
}

export class RefusedError extends ProtocolError {
  override name = 'RefusedError';
  override readonly code = 'ERR_REFUSED';
  readonly kind: RefusalKind;
  readonly retryAfterSeconds: number;

  constructor({ kind, text, retryAfterSeconds }: Refusal) {
    super(text);
    this.kind = kind;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** At the server. */
export const refusal = (kind: RefusalKind, text: string, retryAfterSeconds = 0): RefusedError =>
  new RefusedError({ kind, text, retryAfterSeconds });

/** What a client hears of an error: of what fails in the server itself, a file of its own maybe, nothing. */
export const toldOf = (error: Error): string =>
  error instanceof ProtocolError ? error.message : 'something failed at the server';

/** What a client is told of an error that turns it away. */
export const refusalOf = (error: Error): Refusal =>
  error instanceof RefusedError
    ? { kind: error.kind, text: error.message, retryAfterSeconds: error.retryAfterSeconds }
    : { kind: 'other', text: toldOf(error), retryAfterSeconds: 0 };

export const REFUSAL_MAGIC = new TextEncoder().encode('CPREFUSE');
/** Printable ASCII; one byte says how long. */
const MOST_REASON_BYTES = 200;
const MOST_SECONDS = 2 ** 16 - 1;
const HEAD_BYTES = 4;

export function encodeRefusal({ kind, text, retryAfterSeconds }: Refusal): Uint8Array {
  const reason = new TextEncoder().encode(text.replace(/[^\x20-\x7e]/g, '?')).subarray(0, MOST_REASON_BYTES);
  const seconds = Math.min(MOST_SECONDS, Math.ceil(retryAfterSeconds));
  return Uint8Array.of(REFUSAL_KINDS.indexOf(kind), seconds & 255, seconds >> 8, reason.length, ...reason);
}

/** In the place of the server's hello. */
export const sendRefusal = (channel: Channel, given: Refusal): void =>
  channel.send(Uint8Array.of(...REFUSAL_MAGIC, ...encodeRefusal(given)));

/** Behind whatever announced it, of which the reader has taken `begun` bytes too many, at most four. @throws RefusedError */
export async function receiveRefusal(
  channel: Channel,
  begun: Uint8Array = new Uint8Array(0),
): Promise<never> {
  const rest = begun.length < HEAD_BYTES ? await channel.receive(HEAD_BYTES - begun.length) : [];
  const [kind, low, high, length] = [...begun, ...rest];
  const text = new TextDecoder().decode(await channel.receive(length!));
  throw new RefusedError({
    kind: REFUSAL_KINDS[kind!] ?? 'other',
    text: `the server refuses: ${text}`,
    retryAfterSeconds: low! + 256 * high!,
  });
}
