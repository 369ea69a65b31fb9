/**
 * What the client asks for between texts: 8 bytes, `operation [1] | zero [3] | bucket [4]`, little-endian. For a batch the
 * last four are the number of texts, and as many buckets of 4 bytes follow; to prepare, the length of a demand, which follows;
 * to resume kept pools or to keep them, the generation, and a name [16] and an inventory [32] follow; for weights that stay at
 * the client, their number (two-party/linear/resident-transfer.ts). The server answers each
 * but the goodbye with notices (net/notice.ts): both parties do it now, or nothing happens.
 */
import { bytesToHex, concatBytes, hexToBytes } from '../core/bytes.js';
import { bucketOf, SHORTEST_BUCKET } from '../../model/padded-length.js';
import { Demand, MOST_DEMAND_BYTES } from '../material/demand.js';
import { ProtocolError } from '../core/errors.js';
import type { PoolName } from '../material/kept-pool.js';
import type { Channel } from '../net/channel.js';

export { bucketOf } from '../../model/padded-length.js';

const REQUEST_BYTES = 8;
const CLASSIFY = 1;
const GOODBYE = 2;
const CLASSIFY_BATCH = 3;
const PREPARE = 4;
const RESUME = 5;
const KEEP = 6;
const RESIDENT = 7;
const ID_BYTES = 16;
const INVENTORY_BYTES = 32;

/** Texts of one batch. */
export const MAX_BATCH_TEXTS = 64;
/** Padded tokens of one batch, unless a single text has more: what bounds the memory of both parties. */
const MAX_BATCH_TOKENS = 2048;

const maxBatchTokens = (maxTokens: number): number => Math.max(MAX_BATCH_TOKENS, bucketOf(maxTokens));

/** Cuts texts of these buckets, in order, into batches of at most `maxTexts` that a server accepts: → sizes. */
export function batchSizes(buckets: readonly number[], maxTexts: number, maxTokens: number): number[] {
  const sizes: number[] = [];
  let tokens = Number.POSITIVE_INFINITY;
  for (const bucket of buckets) {
    tokens += bucket;
    const isFull = sizes.at(-1) === Math.min(maxTexts, MAX_BATCH_TEXTS);
    if (isFull || tokens > maxBatchTokens(maxTokens)) {
      sizes.push(0);
      tokens = bucket;
    }
    sizes[sizes.length - 1]!++;
  }
  return sizes;
}

/** Pools kept by both parties under one name; the inventory says that they are the same. */
export interface PoolRequest extends PoolName {
  readonly kind: 'resume' | 'keep';
  readonly inventory: Uint8Array;
}

export type Request =
  | { readonly kind: 'classify'; readonly bucket: number }
  | { readonly kind: 'classify-batch'; readonly buckets: readonly number[] }
  | { readonly kind: 'prepare'; readonly demand: Demand }
  | PoolRequest
  | { readonly kind: 'resident'; readonly weights: number }
  | { readonly kind: 'goodbye' };

interface EncodedRequest {
  readonly operation: number;
  readonly words: readonly number[];
  /** What follows. */
  readonly rest?: Uint8Array;
}

function encode(request: Request): EncodedRequest {
  switch (request.kind) {
    case 'classify':
      return { operation: CLASSIFY, words: [request.bucket] };
    case 'classify-batch':
      return { operation: CLASSIFY_BATCH, words: [request.buckets.length, ...request.buckets] };
    case 'prepare': {
      const rest = request.demand.toBytes();
      return { operation: PREPARE, words: [rest.length], rest };
    }
    case 'resume':
    case 'keep': {
      const rest = concatBytes(hexToBytes(request.id), request.inventory);
      return { operation: request.kind === 'resume' ? RESUME : KEEP, words: [request.generation], rest };
    }
    case 'resident':
      return { operation: RESIDENT, words: [request.weights] };
    case 'goodbye':
      return { operation: GOODBYE, words: [0] };
  }
}

export function sendRequest(channel: Channel, request: Request): void {
  const { operation, words, rest } = encode(request);
  const bytes = new Uint8Array(4 + 4 * words.length);
  bytes[0] = operation;
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 + 4 * i, word, true);
  });
  channel.send(bytes);
  if (rest) channel.send(rest);
}

function checkBucket(bucket: number, maxTokens: number): void {
  if (bucket <= bucketOf(maxTokens) && bucketOf(bucket) === bucket) return;
  throw new ProtocolError(
    `request: expected a power of two from ${SHORTEST_BUCKET} to ${bucketOf(maxTokens)} as length, got ${bucket}`,
  );
}

async function receiveBuckets(channel: Channel, texts: number, maxTokens: number): Promise<number[]> {
  if (texts < 1 || texts > MAX_BATCH_TEXTS) {
    throw new ProtocolError(`request: expected 1 to ${MAX_BATCH_TEXTS} texts in a batch, got ${texts}`);
  }
  const bytes = await channel.receive(4 * texts);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const buckets = Array.from({ length: texts }, (_, i) => view.getUint32(4 * i, true));
  checkBuckets(buckets, maxTokens);
  return buckets;
}

/** Of one batch. @throws ProtocolError if a text is longer than any of the model's, or all together are too many */
export function checkBuckets(buckets: readonly number[], maxTokens: number): void {
  for (const bucket of buckets) checkBucket(bucket, maxTokens);
  const tokens = buckets.reduce((sum, bucket) => sum + bucket, 0);
  const limit = maxBatchTokens(maxTokens);
  if (tokens > limit) {
    throw new ProtocolError(`request: expected at most ${limit} padded tokens in a batch, got ${tokens}`);
  }
}

async function receiveDemand(channel: Channel, bytes: number): Promise<Demand> {
  if (bytes < 1 || bytes > MOST_DEMAND_BYTES)
    throw new ProtocolError(`request: expected a demand of 1 to ${MOST_DEMAND_BYTES} bytes, got ${bytes}`);
  return Demand.fromBytes(await channel.receive(bytes));
}

async function receivePool(
  channel: Channel,
  kind: PoolRequest['kind'],
  generation: number,
): Promise<PoolRequest> {
  const id = bytesToHex(await channel.receive(ID_BYTES));
  return { kind, id, generation, inventory: await channel.receive(INVENTORY_BYTES) };
}

/** The client's next request; a bucket beyond the model's longest input, or too large a batch, is refused before any work. */
export async function receiveRequest(channel: Channel, maxTokens: number): Promise<Request> {
  const bytes = await channel.receive(REQUEST_BYTES);
  const operation = bytes[0];
  if (operation === GOODBYE) return { kind: 'goodbye' };
  const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (operation === CLASSIFY_BATCH)
    return { kind: 'classify-batch', buckets: await receiveBuckets(channel, word, maxTokens) };
  if (operation === PREPARE) return { kind: 'prepare', demand: await receiveDemand(channel, word) };
  if (operation === RESUME) return receivePool(channel, 'resume', word);
  if (operation === RESIDENT) return { kind: 'resident', weights: word };
  if (operation === KEEP) return receivePool(channel, 'keep', word);
  if (operation !== CLASSIFY) throw new ProtocolError(`request: unknown operation ${operation}`);
  checkBucket(word, maxTokens);
  return { kind: 'classify', bucket: word };
}
