/**
 * What nodes and clients say to each other around a run. Everything is little-endian.
 *
 *     opening      → magic "CPN7", role (1 byte: 0 node, 1 client)
 *     node link    → sharing (16 bytes), node (1), suite (1), seed that both will use (16)   ← sharing (16), node (1), suite (1)
 *     client       ← sharing (16), node (1), suites of texts that it takes (1), length of the public part (4), its digest (32)
 *                  → wants it (1; `later` as often as it is not known yet)      ← public part
 *     texts        → request: id (16), answer kind (1), answer bits (1), suite of its seeds (1), texts (1), the bucket of each (2)
 *                  → the transcript's secret (16), then shares as the program asks for them, then a tag of all since the secret (32)
 *                  ← 0, a report of each text (report.ts), what the layers took (layer-costs.ts), the node's first components of what is opened to the client, a tag (32);
 *                    or 1, length (2), message
 *     before a run, among nodes: node 0 → the request; ← ready (1); → go (1)
 *     after it, on each link between nodes: tags of all since the seed (32), both ways
 */
import { ANSWER_KINDS, type AnswerTerms, MOST_ANSWER_BITS } from '../core/answer.js';
import { bytesToHex, hexToBytes, sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import { byteOfSuites, SUITES, type Suite, suitesOfByte } from '../core/suite.js';
import type { Channel } from '../net/channel.js';
import { TRANSCRIPT_BYTES } from '../net/transcript.js';
import { checkBuckets, MAX_BATCH_TEXTS } from '../run/request.js';

export const MAGIC = new TextEncoder().encode('CPN7');
export const ROLES = { node: 0, client: 1 } as const;
/** Whether a client wants a node's public part; it says `later` now and then while another node's comes. */
export const WANTS = { no: 0, yes: 1, later: 2 } as const;
export const ID_BYTES = 16;
export const SEED_BYTES = 16;
/** Of a request, before the buckets. */
const HEAD_BYTES = ID_BYTES + 4;
const BUCKET_BYTES = 2;
const STATUS_BYTES = 1;
/** Of an error's text. */
const MOST_MESSAGE_BYTES = 512;

export interface TextRequest {
  /** 32 hexadecimal digits that the client draws; the nodes find the parts of one request by it. */
  readonly id: string;
  readonly answer: AnswerTerms;
  /** Of the generators by which this client and two nodes know a component of its texts. */
  readonly suite: Suite;
  /** Padded lengths of the texts, which run together; none where node 0 asks for a sign of life. */
  readonly buckets: readonly number[];
}

export function encodeRequest({ id, answer, suite, buckets }: TextRequest): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + BUCKET_BYTES * buckets.length);
  bytes.set(hexToBytes(id));
  bytes.set(
    [ANSWER_KINDS.indexOf(answer.kind), answer.bits, SUITES.indexOf(suite), buckets.length],
    ID_BYTES,
  );
  const view = new DataView(bytes.buffer, HEAD_BYTES);
  buckets.forEach((bucket, i) => {
    view.setUint16(BUCKET_BYTES * i, bucket, true);
  });
  return bytes;
}

/** Of one text on the client's three links, but for shares and what is opened to it, with a report of so many bytes. */
export const aroundTextBytes = (report: number): number =>
  3 * (HEAD_BYTES + BUCKET_BYTES + SEED_BYTES + TRANSCRIPT_BYTES) +
  4 * SEED_BYTES +
  3 * (STATUS_BYTES + report + TRANSCRIPT_BYTES);

/** Of a client's link for one request: the key that it drew [16], and what it asked for. */
export const transcriptSecret = (key: Uint8Array, request: TextRequest): Uint8Array =>
  Uint8Array.of(...key, ...encodeRequest(request));

/** @throws ProtocolError if there is no such answer, or a model of `maxTokens` takes no such texts */
export async function receiveRequest(channel: Channel, maxTokens: number): Promise<TextRequest> {
  const head = await channel.receive(HEAD_BYTES);
  const [kindNumber, bits, suiteNumber, texts] = head.subarray(ID_BYTES) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const [kind, suite] = [ANSWER_KINDS[kindNumber], SUITES[suiteNumber]];
  if (kind === undefined || suite === undefined || bits > MOST_ANSWER_BITS || texts > MAX_BATCH_TEXTS)
    throw new ProtocolError(
      `request: expected a kind of answer, at most ${MOST_ANSWER_BITS} bits, a suite and at most ${MAX_BATCH_TEXTS} texts, got ${kindNumber}, ${bits}, ${suiteNumber}, ${texts}`,
    );
  const id = bytesToHex(head.subarray(0, ID_BYTES));
  const bytes = await channel.receive(BUCKET_BYTES * texts);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const buckets = Array.from({ length: texts }, (_, i) => view.getUint16(BUCKET_BYTES * i, true));
  checkBuckets(buckets, maxTokens);
  return { id, answer: { kind, bits }, suite, buckets };
}

/** @throws ProtocolError unless the peer speaks this protocol */
export async function receiveOpening(channel: Channel): Promise<'node' | 'client'> {
  const bytes = await channel.receive(MAGIC.length + 1);
  const role = bytes[MAGIC.length];
  if (!sameBytes(bytes.subarray(0, MAGIC.length), MAGIC) || (role !== ROLES.node && role !== ROLES.client))
    throw new ProtocolError(
      'node: expected an opening of this version from a node or a client, got other bytes',
    );
  return role === ROLES.node ? 'node' : 'client';
}

/** What a node says to a client first. */
export interface NodeHello {
  /** Hexadecimal, as the digest of the public part. */
  readonly sharing: string;
  readonly node: number;
  /** Of texts, that it takes. */
  readonly suites: readonly Suite[];
  readonly publicBytes: number;
  readonly publicDigest: string;
}

const DIGEST_BYTES = 32;
const HELLO_BYTES = ID_BYTES + 6 + DIGEST_BYTES;

export function encodeHello({ sharing, node, suites, publicBytes, publicDigest }: NodeHello): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  bytes.set(hexToBytes(sharing));
  bytes.set([node, byteOfSuites(suites)], ID_BYTES);
  new DataView(bytes.buffer).setUint32(ID_BYTES + 2, publicBytes, true);
  bytes.set(hexToBytes(publicDigest), ID_BYTES + 6);
  return bytes;
}

export async function receiveHello(channel: Channel): Promise<NodeHello> {
  const bytes = (await channel.receive(HELLO_BYTES)).slice();
  return {
    sharing: bytesToHex(bytes.subarray(0, ID_BYTES)),
    node: bytes[ID_BYTES]!,
    suites: suitesOfByte(bytes[ID_BYTES + 1]!),
    publicBytes: new DataView(bytes.buffer).getUint32(ID_BYTES + 2, true),
    publicDigest: bytesToHex(bytes.subarray(ID_BYTES + 6)),
  };
}

export const sendOpening = (channel: Channel, role: keyof typeof ROLES): void =>
  channel.send(Uint8Array.of(...MAGIC, ROLES[role]));

export function sendFailure(channel: Channel, message: string): void {
  const text = new TextEncoder().encode(message).subarray(0, MOST_MESSAGE_BYTES);
  const bytes = new Uint8Array(3 + text.length);
  bytes[0] = 1;
  new DataView(bytes.buffer).setUint16(1, text.length, true);
  bytes.set(text, 3);
  channel.send(bytes);
}

/** @throws ProtocolError with what the node says if it failed */
export async function expectSuccess(channel: Channel, node: number): Promise<void> {
  const [status] = await channel.receive(STATUS_BYTES);
  if (status === 0) return;
  if (status !== 1) throw new ProtocolError(`node ${node}: expected a status of 0 or 1, got ${status}`);
  const length = new DataView((await channel.receive(2)).slice().buffer).getUint16(0, true);
  if (length > MOST_MESSAGE_BYTES)
    throw new ProtocolError(
      `node ${node}: expected a message of at most ${MOST_MESSAGE_BYTES} bytes, got ${length}`,
    );
  // A node's words end up in a terminal: letters, digits and the like only.
  const text = new TextDecoder().decode(await channel.receive(length)).replace(/[^\x20-\x7e]/g, '?');
  throw new ProtocolError(`node ${node}: ${text}`);
}
