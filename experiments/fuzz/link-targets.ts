/** What comes first on a connection, and between three nodes and their client. */
import { receiveNotice, sendBegin, sendRefused, sendWait } from '../../inference/net/notice.js';
import { receiveToken, sendToken, tokenBytes, tokenText } from '../../inference/net/token.js';
import { parseTokenFile } from '../../inference/server/token-file.js';
import {
  encodeHello,
  encodeRequest,
  expectSuccess,
  receiveHello,
  receiveOpening,
  receiveRequest,
  sendFailure,
  sendOpening,
} from '../../inference/three-party/messages.js';
import { encodeLayerCosts, receiveLayerCosts } from '../../inference/three-party/layer-costs.js';
import { encodeReport, receiveReport } from '../../inference/three-party/report.js';
import { bytesSent, fromChannel, type Target } from './target.js';

const MOST_TOKENS = 512;
const SECRET = new Uint8Array(32).fill(7);

const tokenFile = {
  format: 'cipherprune-tokens',
  formatVersion: 1,
  tokens: [
    { name: 'ada', sha256: 'ab'.repeat(32), created: '2026-11-29T12:00:00.000Z' },
    { name: 'bob', sha256: 'cd'.repeat(32), created: '2026-11-29T12:00:00.000Z', revoked: '2026-11-30' },
  ],
};

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** For a model of so many layers. */
export const linkTargets = (layers: number): readonly Target[] => [
  {
    name: 'notice',
    corpus: [
      bytesSent((channel) => {
        sendWait(channel, { place: 2, seconds: 30 });
        sendBegin(channel);
      }),
    ],
    refusals: [
      bytesSent((channel) =>
        sendRefused(channel, { kind: 'other', text: 'no place', retryAfterSeconds: 300 }),
      ),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => receiveNotice(channel)),
  },
  {
    name: 'token',
    corpus: [bytesSent((channel) => sendToken(channel, SECRET))],
    read: (bytes) => fromChannel(bytes, receiveToken),
  },
  { name: 'token text', corpus: [bytesOf(tokenText(SECRET))], read: (bytes) => tokenBytes(textOf(bytes)) },
  {
    name: 'token file',
    corpus: [bytesOf(JSON.stringify(tokenFile))],
    read: (bytes) => parseTokenFile(textOf(bytes), 'tokens.json'),
  },
  {
    name: 'opening of a node',
    corpus: [bytesSent((channel) => sendOpening(channel, 'node'))],
    read: (bytes) => fromChannel(bytes, receiveOpening),
  },
  {
    name: 'hello of a node',
    corpus: [
      encodeHello({
        sharing: '0123456789abcdef0123456789abcdef',
        node: 1,
        suites: ['aes', 'chacha'],
        publicBytes: 1_000,
        publicDigest: 'ab'.repeat(32),
      }),
    ],
    read: (bytes) => fromChannel(bytes, receiveHello),
  },
  {
    name: 'request to a node',
    corpus: [
      encodeRequest({
        id: '0123456789abcdef0123456789abcdef',
        answer: { kind: 'label', bits: 0 },
        suite: 'aes',
        buckets: [16],
      }),
      encodeRequest({
        id: '0123456789abcdef0123456789abcdef',
        answer: { kind: 'logits', bits: 10 },
        suite: 'chacha',
        buckets: [8, 32, 8],
      }),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => receiveRequest(channel, MOST_TOKENS)),
  },
  {
    name: 'status of a node',
    corpus: [Uint8Array.of(0)],
    refusals: [bytesSent((channel) => sendFailure(channel, 'node 1 is gone'))],
    read: (bytes) => fromChannel(bytes, (channel) => expectSuccess(channel, 1)),
  },
  {
    name: 'report of a node',
    corpus: [
      encodeReport({
        layers: Array.from({ length: layers }, () => ({ kept: 7, important: 3 })),
        leaks: [
          { name: 'length-bucket', to: 'all', count: 1 },
          { name: 'shuffled-order', to: 'all', count: 2 },
        ],
      }),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => receiveReport(channel, layers)),
  },
  {
    name: 'layer costs of a node',
    corpus: [
      encodeLayerCosts(
        Array.from({ length: layers }, () => ({ milliseconds: 20, sentBytes: 70_000, messages: 50 })),
      ),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => receiveLayerCosts(channel, layers)),
  },
];
