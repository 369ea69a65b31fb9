/** A token that a client shows before anything else: 32 secret bytes, written as `cp_` and their base64url. */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

export const TOKEN_BYTES = 32;
export const TOKEN_MAGIC = new TextEncoder().encode('CPTOKEN\n');
const PREFIX = 'cp_';

export const tokenText = (secret: Uint8Array): string => PREFIX + Buffer.from(secret).toString('base64url');

/** @throws ProtocolError that does not say what it got */
export function tokenBytes(text: string): Uint8Array {
  const trimmed = text.trim();
  const secret = trimmed.startsWith(PREFIX)
    ? Buffer.from(trimmed.slice(PREFIX.length), 'base64url')
    : Buffer.alloc(0);
  if (secret.length !== TOKEN_BYTES || tokenText(secret) !== trimmed)
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
  if (!TOKEN_MAGIC.every((byte, i) => magic[i] === byte))
    throw new ProtocolError('expected a token (infer --token-file), got none');
  return channel.receive(TOKEN_BYTES);
}
