import { describe, expect, it } from 'vitest';
import { agreeTranscriptKey } from '../../../inference/crypto/transcript-key.js';
import { Prg } from '../../../inference/crypto/prg.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import {
  compareBeforeOpening,
  compareTranscripts,
  confirmOpened,
  type End,
  TRANSCRIPT_BYTES,
  transcriptChannel,
} from '../../../inference/net/transcript.js';
import { createSession } from '../../../inference/session/create-session.js';
import { TAMPERINGS, type Tampering, tampering } from '../../support/tampering.js';

const ENDS = ['server', 'client'] as const;
const SECRET = new Uint8Array(32).fill(9);
const MESSAGE = Uint8Array.from({ length: 1_500 }, (_, i) => (i * 37) & 0xff);

/** Messages back and forth, then two openings to the client, who sends nothing between them. */
async function conversation(channel: Channel, self: End): Promise<void> {
  for (const from of ENDS)
    if (from === self) channel.send(MESSAGE);
    else await channel.receive(MESSAGE.length);
  for (const _ of ['label', 'logits']) {
    await compareBeforeOpening(channel, self);
    if (self === 'server') channel.send(MESSAGE.subarray(0, 9));
    else await channel.receive(9);
    await confirmOpened(channel, self);
  }
}

/** Whether both ends were content; a change of the last bytes is seen by the client alone. */
async function agreed({
  sender,
  at,
  how,
}: {
  sender: End;
  at: number;
  how: Tampering;
}): Promise<{ readonly content: boolean; readonly sent: number }> {
  const ends = memoryChannelPair();
  const tampered = tampering(ends[sender === 'server' ? 0 : 1], at, how);
  const channels = sender === 'server' ? [tampered.channel, ends[1]] : [ends[0], tampered.channel];
  const results = await Promise.allSettled(
    ENDS.map(async (self, i) => {
      const channel = transcriptChannel(channels[i]!);
      channel.transcript!.start(SECRET);
      try {
        await conversation(channel, self);
      } finally {
        await channel.close();
      }
    }),
  );
  return { content: results.every(({ status }) => status === 'fulfilled'), sent: tampered.sent() };
}

describe('transcripts', () => {
  it('show any byte that was changed, moved or added', async () => {
    for (const sender of ENDS) {
      const whole = await agreed({ sender, at: Number.POSITIVE_INFINITY, how: 'flip' });
      expect(whole.content).toBe(true);
      // One comparison: what the client has sent since, nothing, was compared before.
      const tags = sender === 'client' ? 1 : 3;
      expect(whole.sent).toBe(MESSAGE.length + tags * TRANSCRIPT_BYTES + (sender === 'client' ? 0 : 18));
      for (const how of TAMPERINGS) {
        // A byte behind all others is nobody's.
        for (let at = 0; at < whole.sent - 1; at += 211)
          expect([at, how, (await agreed({ sender, at, how })).content]).toEqual([at, how, false]);
      }
    }
  });

  it('have tags that say who speaks: one that comes back is refused', async () => {
    const channel = transcriptChannel(memoryChannelPair()[0]);
    let said: Uint8Array = new Uint8Array(0);
    const mirror: Channel = {
      ...channel,
      send: (bytes) => {
        said = bytes;
      },
      receive: async () => said,
    };
    channel.transcript!.start(SECRET);
    await expect(compareTranscripts(mirror, 'client')).rejects.toThrow('different bytes');
    expect(said.length).toBe(TRANSCRIPT_BYTES);
  });

  it('differ where the parties saw different handshakes or points', async () => {
    const secrets = async (bindings: readonly number[], at = Number.POSITIVE_INFINITY) => {
      const ends = memoryChannelPair();
      const server = tampering(ends[0], at, 'flip').channel;
      return Promise.all(
        ENDS.map((self, i) =>
          agreeTranscriptKey(
            createSession({ self, channel: i === 0 ? server : ends[1], random: Prg.create() }),
            Uint8Array.of(bindings[i]!),
          ),
        ),
      );
    };
    const [own, peers] = await secrets([1, 1]);
    expect(own).toEqual(peers);
    const [first, second] = await secrets([1, 2]);
    expect(first).not.toEqual(second);
    const [third] = await secrets([1, 1]);
    expect(third).not.toEqual(own);
    // Another point, or none at all.
    await secrets([1, 1], 3).then(
      ([ofServer, ofClient]) => expect(ofServer).not.toEqual(ofClient),
      (error: Error) => expect(error.message).toContain('a point of the peer'),
    );
  });
});
