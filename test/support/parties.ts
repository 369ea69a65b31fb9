/** Both parties of a protocol in one process, over a memory channel, with seeded randomness. */
import { createHash, type Hash } from 'node:crypto';
import { Prg } from '../../inference/crypto/prg.js';
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { createSession, type RecordedSession } from '../../inference/session/create-session.js';

export interface Wire {
  /** Bytes that this party sent. */
  sentBytes: number;
  /** Times that this party's channel turned from sending to receiving. */
  rounds: number;
  readonly hash: Hash;
}

export interface Party {
  readonly session: RecordedSession;
  readonly wire: Wire;
}

function observed(channel: Channel, wire: Wire): Channel {
  let sending = false;
  return {
    send(bytes) {
      wire.sentBytes += bytes.length;
      wire.hash.update(bytes);
      sending = true;
      channel.send(bytes);
    },
    receive(byteLength) {
      if (sending) wire.rounds++;
      sending = false;
      return channel.receive(byteLength);
    },
    flush: () => channel.flush?.(),
    close: () => channel.close(),
  };
}

/** [server, client]; the same seed gives the same bytes on the wire. */
export function twoParties(seed = 1): readonly [server: Party, client: Party] {
  const channels = memoryChannelPair();
  const party = (self: 'server' | 'client', index: 0 | 1): Party => {
    const wire: Wire = { sentBytes: 0, rounds: 0, hash: createHash('sha256') };
    const random = Prg.insecureForTests(2 * seed + index);
    return { wire, session: createSession({ self, channel: observed(channels[index], wire), random }) };
  };
  return [party('server', 0), party('client', 1)];
}
