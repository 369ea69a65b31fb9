/**
 * All that reads bytes from somebody else: what a valid input looks like, and how it is read. A reader may refuse with an error of
 * this project, which says what was wrong; anything else, a crash, a TypeError, an answer that takes seconds, is a fault.
 */
import { createHash } from 'node:crypto';
import { CLIENT_HELLO } from '../../bench/client-hello.js';
import type { Correlation } from '../../inference/material/correlation.js';
import { Demand } from '../../inference/material/demand.js';
import { decodePool, encodePool } from '../../inference/material/pool-file.js';
import { encodeHello, receiveHello } from '../../inference/net/hello.js';
import { type Request, receiveRequest, sendRequest } from '../../inference/run/request.js';
import type { Artifact } from '../../model/artifact/artifact.js';
import { parsePublicPart, serializePublicPart } from '../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../model/artifact/public-part.js';
import { parseSafetensors, serializeSafetensors } from '../../model/checkpoint/safetensors.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { handshakeTargets } from './handshake-targets.js';
import { linkTargets } from './link-targets.js';
import { residentTargets } from './resident-targets.js';
import { bytesSent, fromChannel, type Target } from './target.js';

const bytesOfRequest = (request: Request): Uint8Array =>
  bytesSent((channel) => sendRequest(channel, request));

const counts: readonly (readonly [Correlation, number])[] = [
  [{ kind: 'linear', weight: 3, ringBits: 37 }, 430],
  [{ kind: 'square', bits: 13, ringBits: 25, first: 'server' }, 12_345],
  [{ kind: 'matmul', batch: 12, n: 55, k: 64, m: 55, ringBits: 29 }, 2],
];
const demand = Demand.of(counts);

const hello = encodeHello(CLIENT_HELLO);

const encoder = new TextEncoder();

/** With the digest that its changed content has: else every change would end there. */
const withDigest = (bytes: Uint8Array): Buffer => {
  const content = bytes.subarray(0, Math.max(0, bytes.length - 32));
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
};

/** Of a small artifact: its public part, its tokenizer and the like are the corpus. */
export async function fuzzTargets(artifact: Artifact): Promise<readonly Target[]> {
  const requests = (
    [
      { kind: 'classify', bucket: 16 },
      { kind: 'classify-batch', buckets: [8, 16, 8] },
      { kind: 'prepare', demand },
      {
        kind: 'resume',
        id: '0123456789abcdef0123456789abcdef',
        generation: 2,
        inventory: new Uint8Array(32),
      },
      { kind: 'resident', weights: 72 },
      { kind: 'goodbye' },
    ] satisfies Request[]
  ).map(bytesOfRequest);
  const part = encodePublicPart(artifact.public);
  const [safetensors] = [...part.files].filter(([name]) => name.endsWith('.safetensors')).map(([, b]) => b);
  const tokenizerFiles = artifact.public.tokenizerFiles;
  const tokenizerJson = tokenizerFiles['tokenizer.json'];
  const pool = encodePool({
    id: '0123456789abcdef0123456789abcdef',
    generation: 1,
    party: 'client',
    model: 'ab'.repeat(32),
    items: [
      { correlation: { kind: 'linear', weight: 0, ringBits: 37 }, items: 2, fields: [new Uint8Array(9)] },
    ],
  });
  return [
    ...linkTargets(artifact.public.config.layers),
    ...handshakeTargets,
    ...(await residentTargets()),
    { name: 'request', corpus: requests, read: (b) => fromChannel(b, (c) => receiveRequest(c, 512)) },
    { name: 'hello', corpus: [hello], read: (b) => fromChannel(b, (c) => receiveHello(c, 'server')) },
    {
      name: 'demand',
      corpus: [demand.toBytes()],
      read: (b) => Demand.fromBytes(b).withMargin(512).times(2).toBytes(),
    },
    { name: 'public part', corpus: [serializePublicPart(part)], read: parsePublicPart },
    {
      name: 'safetensors',
      corpus: [safetensors ?? serializeSafetensors(new Map())],
      read: (b) => parseSafetensors(b),
    },
    {
      name: 'pool file',
      corpus: [new Uint8Array(Buffer.concat(pool))],
      read: (b) => decodePool(withDigest(b)),
    },
    {
      name: 'tokenizer',
      corpus: [encoder.encode(tokenizerJson)],
      read: (b) =>
        createTokenizer({ ...tokenizerFiles, 'tokenizer.json': new TextDecoder().decode(b) }).encode(
          'A good movie, isn’t it?',
          null,
          32,
        ),
    },
  ];
}
