/** What the client asks for between texts: 8 bytes, `operation [1] | zero [3] | bucket [4]`, little-endian. */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';

const REQUEST_BYTES = 8;
const CLASSIFY = 1;
const GOODBYE = 2;
const SMALLEST_BUCKET = 8;

/** Texts of different lengths look alike within a bucket: powers of two, at least 8. */
export function bucketOf(tokens: number): number {
  let bucket = SMALLEST_BUCKET;
  while (bucket < tokens) bucket *= 2;
  return bucket;
}

export type Request = { readonly kind: 'classify'; readonly bucket: number } | { readonly kind: 'goodbye' };

export function sendRequest(channel: Channel, request: Request): void {
  const bytes = new Uint8Array(REQUEST_BYTES);
  bytes[0] = request.kind === 'classify' ? CLASSIFY : GOODBYE;
  if (request.kind === 'classify') new DataView(bytes.buffer).setUint32(4, request.bucket, true);
  channel.send(bytes);
}

/** The client's next request; a bucket beyond the model's longest input is refused before any work. */
export async function receiveRequest(channel: Channel, maxTokens: number): Promise<Request> {
  const bytes = await channel.receive(REQUEST_BYTES);
  const operation = bytes[0];
  if (operation === GOODBYE) return { kind: 'goodbye' };
  if (operation !== CLASSIFY) throw new ProtocolError(`request: unknown operation ${operation}`);
  const bucket = new DataView(bytes.buffer).getUint32(4, true);
  if (bucket > bucketOf(maxTokens) || bucketOf(bucket) !== bucket) {
    throw new ProtocolError(
      `request: expected a power of two from ${SMALLEST_BUCKET} to ${bucketOf(maxTokens)} as length, got ${bucket}`,
    );
  }
  return { kind: 'classify', bucket };
}
