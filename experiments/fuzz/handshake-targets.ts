/** Both sides' handshakes from the first byte to the last, and the words between the messages of a WebSocket. */
import { createHash } from 'node:crypto';
import { CLIENT_HELLO } from '../../bench/client-hello.js';
import { concatBytes } from '../../inference/core/bytes.js';
import { PeerClosedError } from '../../inference/core/errors.js';
import type { Channel } from '../../inference/net/channel.js';
import { type ClientTerms, clientHandshake } from '../../inference/net/client-handshake.js';
import { encodeHello, type Hello } from '../../inference/net/hello.js';
import { sendBegin, sendWait } from '../../inference/net/notice.js';
import { type ServerTerms, serverHandshake } from '../../inference/net/server-handshake.js';
import { WebSocketChannel, type WebSocketLike } from '../../inference/net/web-socket-channel.js';
import { bytesSent, fromChannel, type Target } from './target.js';

const PART = Uint8Array.from({ length: 100 }, (_, i) => i);
const DIGEST = createHash('sha256').update(PART).digest('hex');
const { protocolDigest } = CLIENT_HELLO;

const server: ServerTerms = { protocolDigest, modelDigest: DIGEST, publicPart: PART };
const SERVER_HELLO: Hello = {
  ...CLIENT_HELLO,
  role: 'server',
  cots: ['softspoken', 'ferret'],
  modelDigest: DIGEST,
  publicBytes: PART.length,
  answer: 'probability',
  answerBits: 6,
};

const parse = (bytes: Uint8Array): { readonly digest: string } => ({
  digest: createHash('sha256').update(bytes).digest('hex'),
});
const client: ClientTerms<{ readonly digest: string }> = {
  protocolDigest,
  modelDigest: null,
  suites: ['aes'],
  line: 'fast',
  lookUp: async () => null,
  parse,
};

/** What it sends goes nowhere. */
const mute = (channel: Channel): Channel => ({
  ...channel,
  send: () => undefined,
  receive: (byteLength) => channel.receive(byteLength),
});

/** As a peer's bytes say: `kind [1] | length [2] | content`, kind 0 of text. */
function* messagesOf(bytes: Uint8Array): Generator<string | ArrayBuffer> {
  for (let at = 0; at < bytes.length; ) {
    const [kind = 0, low = 0, high = 0] = bytes.subarray(at, at + 3);
    at += 3;
    const body = bytes.slice(at, at + low + 256 * high);
    at += body.length;
    yield kind === 0 ? new TextDecoder().decode(body) : body.buffer;
  }
}

const SENT = 2 ** 17;

/** A channel that has sent, and is told what was taken of it. */
async function readMessages(bytes: Uint8Array): Promise<Uint8Array> {
  let onMessage = (_: { readonly data: unknown }): void => undefined;
  const socket: WebSocketLike = {
    binaryType: 'arraybuffer',
    readyState: 1,
    send: () => undefined,
    close: () => undefined,
    addEventListener(type: string, listener: (event: never) => void) {
      if (type === 'message') onMessage = listener as typeof onMessage;
    },
  };
  const channel = new WebSocketChannel(socket, { peer: 'the client', timeoutMilliseconds: 60_000 });
  channel.send(new Uint8Array(SENT));
  channel.flush();
  const received = channel.receive(4);
  received.catch(() => undefined);
  for (const data of messagesOf(bytes)) onMessage({ data });
  channel.abort(new PeerClosedError('the client left'));
  return received;
}

const message = (kind: number, body: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(kind, body.length % 256, body.length >> 8), body);
const words = (text: string): Uint8Array => message(0, new TextEncoder().encode(text));

export const handshakeTargets: readonly Target[] = [
  {
    name: 'handshake of a client',
    corpus: [
      concatBytes(encodeHello(CLIENT_HELLO), Uint8Array.of(3, 3, 2, 1)),
      concatBytes(encodeHello({ ...CLIENT_HELLO, modelDigest: DIGEST, checks: true }), Uint8Array.of(1, 0)),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => serverHandshake(mute(channel), server)),
  },
  {
    name: 'handshake of a server',
    corpus: [
      concatBytes(
        encodeHello(SERVER_HELLO),
        PART,
        bytesSent((channel) => {
          sendWait(channel, { place: 2, seconds: 30 });
          sendBegin(channel);
          channel.send(new Uint8Array(6));
        }),
      ),
    ],
    read: (bytes) => fromChannel(bytes, (channel) => clientHandshake(mute(channel), client)),
  },
  {
    name: 'messages of a WebSocket',
    corpus: [concatBytes(words('65536'), message(1, Uint8Array.of(1, 2)), words('131072'), message(1, PART))],
    read: readMessages,
  },
];
