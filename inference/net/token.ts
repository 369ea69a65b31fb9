/** A token that a client shows before anything else: 32 secret bytes, written as `cp_` and their base64url. */
import { sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

export const TOKEN_BYTES = 32;
export const TOKEN_MAGIC = new TextEncoder().encode('CPTOKEN\n');
const PREFIX = 'cp_';

const TOKEN = /^cp_[\w-]{43}$/;

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

export const tokenText = (secret: Uint8Array): string =>
  PREFIX + base64(secret).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

/** @throws ProtocolError that does not say what it got */
export function tokenBytes(text: string): Uint8Array {
  const trimmed = text.trim();
  const secret = TOKEN.test(trimmed) ? bytesOf(trimmed.slice(PREFIX.length)) : null;
  // The last letter has two bits too many, which must be zero.
  if (secret === null || tokenText(secret) !== trimmed)
    throw new ProtocolError('token: expected cp_ and 43 letters, digits, - or _, as `tokens add` prints it');
  return secret;
}

export function sendToken(channel: Channel, secret: Uint8Array): void {
  channel.send(TOKEN_MAGIC);
  channel.send(secret);
}

/** The secret that a client shows first. @throws ProtocolError if it shows none */
export async function receiveToken(channel: Channel): Promise<Uint8Array> {
  const magic = await channel.receive(TOKEN_MAGIC.length);
  if (!sameBytes(magic, TOKEN_MAGIC))
    throw new ProtocolError('expected a token (infer --token-file), got none');
  return channel.receive(TOKEN_BYTES);
}
