/** Messages that leave while they are made: the peer gets them as they are, and their memory serves again once the last piece left. */
import { expect, it } from 'vitest';
import { takeBytes } from '../../../inference/core/words.js';
import { Pieces, sendPieces } from '../../../inference/crypto/pieces.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';

const BYTES = 5_000;
const wanted = Uint8Array.from({ length: BYTES }, (_, i) => (i * 37) % 251);

/** A kernel that makes so many bytes in all at each step. */
async function makeUpTo(pieces: Pieces, ends: readonly number[]): Promise<void> {
  for (const end of ends) {
    pieces.bytes.set(wanted.subarray(pieces.ready[0]!, end), pieces.ready[0]!);
    pieces.ready[0] = end;
    pieces.sendReady();
  }
}

it.each([
  ['in one piece', [BYTES]],
  ['in three pieces', [10, 3_000, BYTES]],
])('%s', async (_name, ends) => {
  const [server, client] = memoryChannelPair();
  const pieces = new Pieces(BYTES, sendPieces(server));
  await pieces.during(makeUpTo(pieces, ends));
  // Whoever takes next has the same memory, and the peer's message does not change with it.
  const next = takeBytes(BYTES);
  expect(next.buffer).toBe(pieces.bytes.buffer);
  next.fill(0);
  expect(await client.receive(BYTES)).toEqual(wanted);
});
