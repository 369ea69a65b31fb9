/**
 * What passed over a channel in both directions, hashed as it passes, so that both parties can tell whether they saw the same
 * bytes. Hash and tags are keyed by a secret of the two (crypto/transcript-key.ts): whoever does not know it can neither
 * alter bytes so that the hash stays, nor make a tag (Wegman and Carter, JCSS 1981; tags by HMAC-SHA-256). Whoever stood
 * between the parties when they agreed on the secret knows it; against that there is TLS.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { kernels } from '#kernels';
import { concatBytes, sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import { type Channel, pipelined, sendTaken } from './channel.js';
import { RUNNING_HASH_KEY_BYTES, RunningHash } from './running-hash.js';

/** The two ends of a channel. Three-party links call the end that connected the client. */
export type End = 'server' | 'client';
/** What a tag says: at a place where nothing is on the way, or after what the server sent last. */
type Purpose = 'place' | 'opened';

const TAG_BYTES = 32;
const SEED_BYTES = 16;
const encoder = new TextEncoder();
const DOMAIN = encoder.encode('cipherprune/transcript/2');

interface Keys {
  /** Of the hash. */
  readonly hash: Uint8Array;
  /** Of the tags. */
  readonly tags: Uint8Array;
}

function keysOf(secret: Uint8Array): Keys {
  const derived = hkdf(sha256, secret, undefined, DOMAIN, SEED_BYTES + TAG_BYTES);
  const hash = new Uint8Array(RUNNING_HASH_KEY_BYTES);
  kernels.prgFill(derived.subarray(0, SEED_BYTES), 0, hash);
  return { hash, tags: derived.slice(SEED_BYTES) };
}

/** Both directions, from `start` on. */
interface Running {
  readonly keys: Keys;
  readonly sent: RunningHash;
  readonly received: RunningHash;
}

export class Transcript {
  #running: Running | null = null;
  /** Since the ends compared. */
  #hasSent = true;
  #hasReceived = true;

  /** Both ends at the same place, with a secret of the two. What came before is not hashed. */
  start(secret: Uint8Array): void {
    const keys = keysOf(secret);
    this.#running = { keys, sent: new RunningHash(keys.hash), received: new RunningHash(keys.hash) };
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  sent(bytes: Uint8Array): void {
    this.#hasSent = true;
    this.#running?.sent.update(bytes);
  }

  received(bytes: Uint8Array): void {
    this.#hasReceived = true;
    this.#running?.received.update(bytes);
  }

  /** The ends have just compared. */
  compared(): void {
    this.#hasSent = false;
    this.#hasReceived = false;
  }

  /** Has the client sent anything since they did? `self` is this end. */
  hasClientSent(self: End): boolean {
    return self === 'client' ? this.#hasSent : this.#hasReceived;
  }

  /** What `from` sends to say that it saw these bytes; `self` is this end. */
  tag(self: End, from: End, purpose: Purpose): Uint8Array {
    if (!this.#running) throw new Error('transcript: expected a key before a tag');
    const { server, client } = this.#digests(self);
    const said = encoder.encode(`${purpose} ${from} `);
    // After an opening only what the server sent counts: the client has sent nothing since, or already the next request.
    const now = purpose === 'opened' ? [server] : [server, client];
    return hmac(sha256, this.#running.keys.tags, concatBytes(said, ...now));
  }

  /** By who sent. */
  #digests(self: End): Readonly<Record<End, Uint8Array>> {
    const { sent, received } = this.#running!;
    const [own, peers] = [sent.digest(), received.digest()];
    return self === 'server' ? { server: own, client: peers } : { server: peers, client: own };
  }
}

/** The same channel, hashed once its transcript is started; one that has a transcript is returned as it is. */
export function transcriptChannel(channel: Channel): Channel {
  if (channel.transcript) return channel;
  const transcript = new Transcript();
  return {
    send(bytes) {
      transcript.sent(bytes);
      channel.send(bytes);
    },
    sendTaken(bytes) {
      transcript.sent(bytes);
      sendTaken(channel, bytes);
    },
    receive: (byteLength) =>
      channel.receive(byteLength).then((bytes) => {
        transcript.received(bytes);
        return bytes;
      }),
    flush: () => channel.flush?.(),
    pipelined: (body) => pipelined(channel, body),
    close: () => channel.close(),
    transcript,
  };
}

const peerOf = (self: End): End => (self === 'server' ? 'client' : 'server');

/**
 * Both parties at the same place, where nothing is on the way: one exchange of tags.
 * @throws ProtocolError if the parties saw different bytes. Nothing where the channel's transcript has not begun.
 */
export async function compareTranscripts(channel: Channel, self: End): Promise<void> {
  const { transcript } = channel;
  if (!transcript?.isRunning) return;
  const own = transcript.tag(self, self, 'place');
  const peers = transcript.tag(self, peerOf(self), 'place');
  channel.send(own);
  expectSame(peers, await channel.receive(TAG_BYTES));
  transcript.compared();
}

/**
 * Before what the server opens to the client alone. Where the client has sent nothing since the ends compared, nothing that the server has to tell
 * depends on more than they compared, and `confirmOpened` covers what the server sent.
 * @throws ProtocolError as above
 */
export async function compareBeforeOpening(channel: Channel, self: End): Promise<void> {
  if (channel.transcript?.hasClientSent(self)) await compareTranscripts(channel, self);
}

/** One end's word for what passed so far, where nothing is on the way; the other end expects it at the same place. */
export function confirmPlace(channel: Channel, self: End): void {
  channel.send(channel.transcript!.tag(self, self, 'place'));
}

/** @throws ProtocolError as above */
export async function expectPlace(channel: Channel, self: End): Promise<void> {
  const peers = channel.transcript!.tag(self, peerOf(self), 'place');
  expectSame(peers, await channel.receive(TAG_BYTES));
}

/**
 * After what the server opened to the client alone: it sends a tag of all that it sent, the client compares it with what came.
 * @throws ProtocolError as above
 */
export async function confirmOpened(channel: Channel, self: End): Promise<void> {
  const { transcript } = channel;
  if (!transcript?.isRunning) return;
  const tag = transcript.tag(self, 'server', 'opened');
  if (self === 'server') channel.send(tag);
  else expectSame(tag, await channel.receive(TAG_BYTES));
}

function expectSame(own: Uint8Array, peers: Uint8Array): void {
  if (sameBytes(own, peers)) return;
  throw new ProtocolError(
    'the parties saw different bytes: something damaged them on the way; there is no answer',
  );
}

/** What `compareTranscripts` sends each way, and `confirmOpened` from the server. */
export const TRANSCRIPT_BYTES = TAG_BYTES;
