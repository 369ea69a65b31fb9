/**
 * A channel that keeps a running hash of all that passed, so that both parties can tell whether they saw the same bytes. That
 * finds bytes that were damaged on the way, whatever damaged them. It is no authentication: somebody in the middle who
 * alters bytes can alter the digests too.
 */
import { createSha256 } from '#hash';
import { SHA256_BYTES } from '../../util/hash/hash.js';
import { sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';

/** Of what this end sent and received so far. */
export interface Transcript {
  sent(): Uint8Array;
  received(): Uint8Array;
}

/** The same channel, hashed; one that is already is returned as it is. */
export function transcriptChannel(channel: Channel): Channel {
  if (channel.transcript) return channel;
  const [sent, received] = [createSha256(), createSha256()];
  return {
    send(bytes) {
      sent.update(bytes);
      channel.send(bytes);
    },
    async receive(byteLength) {
      const bytes = await channel.receive(byteLength);
      received.update(bytes);
      return bytes;
    },
    flush: () => channel.flush?.(),
    pipelined: (body) => (channel.pipelined ? channel.pipelined(body) : body()),
    close: () => channel.close(),
    transcript: { sent: () => sent.copy().digest(), received: () => received.copy().digest() },
  };
}

/**
 * Both parties at the same place, where nothing is on the way: one exchange of digests.
 * @throws ProtocolError if the parties saw different bytes. Nothing where the channel keeps no transcript.
 */
export async function compareTranscripts(channel: Channel, self: 'server' | 'client'): Promise<void> {
  const { transcript } = channel;
  if (!transcript) return;
  const parts = [transcript.sent(), transcript.received()];
  const [fromServer, fromClient] = self === 'server' ? parts : parts.reverse();
  const own = createSha256().update(fromServer!).update(fromClient!).digest();
  channel.send(own);
  const peers = await channel.receive(SHA256_BYTES);
  expectSame(own, peers);
}

/**
 * After what the server opened to the client alone: it sends the digest of all that it sent, the client compares it with what came.
 * @throws ProtocolError as above
 */
export async function confirmOpened(channel: Channel, self: 'server' | 'client'): Promise<void> {
  const { transcript } = channel;
  if (!transcript) return;
  if (self === 'server') {
    channel.send(transcript.sent());
    return;
  }
  const received = transcript.received();
  expectSame(received, await channel.receive(SHA256_BYTES));
}

function expectSame(own: Uint8Array, peers: Uint8Array): void {
  if (sameBytes(own, peers)) return;
  throw new ProtocolError(
    'the parties saw different bytes: something damaged them on the way; there is no answer',
  );
}

/** What `compareTranscripts` sends each way, and `confirmOpened` from the server. */
export const TRANSCRIPT_BYTES = SHA256_BYTES;
