/** Halves of the OT extension that deviate are found out before anything of the refill is used. */
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import {
  checkCorrections,
  PROOF_BYTES,
  provenCorrections,
  SACRIFICED_COTS,
} from '../../../../inference/crypto/ot/extension-check.js';
import { setupCots } from '../../../../inference/crypto/ot/setup-cots.js';
import {
  correctionBytes,
  REFILL_COTS,
  softSpokenReceiver,
  softSpokenSender,
  baseChoices,
} from '../../../../inference/crypto/ot/soft-spoken.js';
import { checkTrees, treeProof } from '../../../../inference/crypto/ot/tree-check.js';
import { Prg } from '../../../../inference/crypto/prg.js';
import { memoryChannelPair } from '../../../../inference/net/memory-channel.js';
import { createSession } from '../../../../inference/session/create-session.js';

const K = 4;
const BLOCK_BYTES = 16;
const TILE_BYTES = 512;
const TREES = 128 / K;

function sessions() {
  const channels = memoryChannelPair();
  return (['server', 'client'] as const).map((self, i) =>
    createSession({ self, channel: channels[i]!, random: Prg.insecureForTests(i + 1) }),
  );
}

/** Unchecked halves whose delta the test knows; the server has it. */
async function halves(delta: Uint8Array) {
  const [server, client] = sessions();
  const pairs = Prg.insecureForTests(3).bytes(128 * 2 * BLOCK_BYTES);
  const chosen = new Uint8Array(128 * BLOCK_BYTES);
  baseChoices(delta).forEach((choice, row) => {
    const begin = (2 * row + choice) * BLOCK_BYTES;
    chosen.set(pairs.subarray(begin, begin + BLOCK_BYTES), row * BLOCK_BYTES);
  });
  const plan = { k: K, checks: false, suite: 0 as const };
  const receiver = softSpokenReceiver(client!, plan, pairs);
  return { receiver, sender: await softSpokenSender(server!, plan, delta, chosen) };
}

/** A refill in which the receiver takes another choice for one tree (not the first), in one COT. */
async function deviatingRefill(delta: Uint8Array, tree: number) {
  const { receiver, sender } = await halves(delta);
  const [blocks, choices] = [new Uint8Array(REFILL_COTS * BLOCK_BYTES), new Uint8Array(REFILL_COTS)];
  const corrections = receiver.refill(null, blocks, choices)!;
  corrections[(tree - 1) * TILE_BYTES + 7]! ^= 4;
  const message = provenCorrections(corrections, blocks, choices);
  const made = new Uint8Array(blocks.length);
  sender.refill(corrections, made, new Uint8Array(0));
  return () => checkCorrections(corrections, message.subarray(corrections.length), made, delta);
}

describe('checks of the OT extension', () => {
  it('let honest halves pass, in both directions, with the same COTs as ever', async () => {
    const [server, client] = await Promise.all(
      sessions().map((session) => setupCots(session, { checks: true })),
    );
    const count = REFILL_COTS + 100;
    for (const [sender, receiver] of [
      [server!.sender, client!.receiver],
      [client!.sender, server!.receiver],
    ] as const) {
      const [q, t] = await Promise.all([sender.take(count), receiver.take(count)]);
      expect(t.choices.some(Boolean)).toBe(true);
      for (let i = 0; i < count; i++)
        for (let j = 0; j < BLOCK_BYTES; j += 5) {
          const at = i * BLOCK_BYTES + j;
          if (t.blocks[at] !== (q.blocks[at]! ^ (t.choices[i]! * q.delta[j]!)))
            throw new Error(`COT ${i} is none`);
        }
    }
  });

  it('find a receiver that takes another choice for some bits of delta', async () => {
    const delta = new Uint8Array(BLOCK_BYTES).fill(0x11);
    for (const tree of [1, 2, TREES - 1])
      expect(await deviatingRefill(delta, tree)).toThrow('its corrections are inconsistent');
  });

  it('let one pass that guesses those bits, which is all that it learns', async () => {
    const delta = new Uint8Array(BLOCK_BYTES).fill(0x11);
    delta[3] = 0x10; // Bits 24 to 27 are those of tree 6.
    expect(await deviatingRefill(delta, 6)).not.toThrow();
    expect(await deviatingRefill(delta, 7)).toThrow('inconsistent');
  });

  it('find a proof that was made for other corrections, or bent', async () => {
    const delta = new Uint8Array(BLOCK_BYTES).fill(0x11);
    const { receiver, sender } = await halves(delta);
    const [blocks, choices] = [new Uint8Array(REFILL_COTS * BLOCK_BYTES), new Uint8Array(REFILL_COTS)];
    const corrections = receiver.refill(null, blocks, choices)!;
    const proof = provenCorrections(corrections, blocks, choices).subarray(correctionBytes(K));
    const made = new Uint8Array(blocks.length);
    sender.refill(corrections, made, new Uint8Array(0));
    expect(proof.length).toBe(PROOF_BYTES);
    checkCorrections(corrections, proof, made, delta);
    for (const at of [0, 20]) {
      const bent = proof.slice();
      bent[at]! ^= 1;
      expect(() => checkCorrections(corrections, bent, made, delta)).toThrow('inconsistent');
    }
  });

  it('hide the choices behind COTs that nobody gets', () => {
    const choices = new Uint8Array(REFILL_COTS);
    const blocks = new Uint8Array(REFILL_COTS * BLOCK_BYTES);
    const corrections = new Uint8Array(1);
    const plain = provenCorrections(corrections, blocks, choices);
    choices[REFILL_COTS - SACRIFICED_COTS + 9] = 1;
    const hidden = provenCorrections(corrections, blocks, choices);
    // The hash of the choices moves by exactly the sacrificed group's bit.
    expect(hidden.subarray(1, 17).map((byte, i) => byte ^ plain[1 + i]!)).toEqual(
      Uint8Array.from({ length: 16 }, (_, i) => (i === 1 ? 2 : 0)),
    );
  });

  it('find trees whose sums fit some points only', () => {
    const [trees, depth] = [2, 4];
    const leaves = new Uint8Array((trees << depth) * BLOCK_BYTES);
    const sums = new Uint8Array(trees * depth * 2 * BLOCK_BYTES);
    kernels.pprfGrow(Prg.insecureForTests(1).bytes(trees * BLOCK_BYTES), depth, leaves, sums);
    const proof = treeProof(leaves, depth, 0);
    sums[2 * BLOCK_BYTES + 3]! ^= 1; // The left sum of the second level of the first tree.
    const grown = (point: number) => {
      const points = Uint32Array.of(point, 5);
      const off = new Uint8Array(trees * depth * BLOCK_BYTES);
      points.forEach((at, tree) => {
        for (let level = 0; level < depth; level++) {
          const side = 1 - ((at >> (depth - 1 - level)) & 1);
          const begin = ((tree * depth + level) * 2 + side) * BLOCK_BYTES;
          off.set(sums.subarray(begin, begin + BLOCK_BYTES), (tree * depth + level) * BLOCK_BYTES);
        }
      });
      const punctured = new Uint8Array(leaves.length);
      kernels.pprfGrowPunctured(points, off, depth, punctured);
      return () => checkTrees({ leaves: punctured, depth, points, suite: 0 }, proof);
    };
    expect(grown(0b0000)).not.toThrow();
    expect(grown(0b0100)).toThrow('its trees are inconsistent');
  });

  it('are not to be had with Ferret', async () => {
    const [server] = sessions();
    await expect(setupCots(server!, { checks: true, extension: 'ferret' })).rejects.toThrow(
      'expected SoftSpoken',
    );
  });
});
