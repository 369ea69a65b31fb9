/** Halves of the OT extension that deviate are found out before anything of the refill is used. */
import { describe, expect, it, vi } from 'vitest';
import { kernels } from '#kernels';
import {
  checkCorrections,
  PROOF_BYTES,
  proveCorrections,
  SACRIFICED_COTS,
} from '../../../../inference/crypto/ot/extension-check.js';
import { SUITES } from '../../../../inference/core/suite.js';
import { FERRET_REFILL_COTS, ferretReceiver, ferretSender } from '../../../../inference/crypto/ot/ferret.js';
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

const TILES = 16;
const STRIDE = TILES * TILE_BYTES + 64;
const CORRECTION_BYTES = correctionBytes(K);

/** What the half with choices sends: corrections and their proof, which it makes after it has changed them. */
async function refillFrom(delta: Uint8Array, change: (corrections: Uint8Array) => void) {
  const [server, client] = sessions();
  const pairs = Prg.insecureForTests(3).bytes(128 * 2 * BLOCK_BYTES);
  const chosen = new Uint8Array(128 * BLOCK_BYTES);
  baseChoices(delta).forEach((choice, row) => {
    const begin = (2 * row + choice) * BLOCK_BYTES;
    chosen.set(pairs.subarray(begin, begin + BLOCK_BYTES), row * BLOCK_BYTES);
  });
  const plan = { k: K, checks: true, suite: 0 as const };
  const receiver = softSpokenReceiver(client!, plan, pairs);
  const sender = await softSpokenSender(server!, plan, delta, chosen);
  // As softSpokenReceiver, but for the change between corrections and proof.
  const rows = vi.spyOn(kernels, 'softSpokenReceiveRows');
  const { softSpokenReceiveRows } = kernels;
  rows.mockImplementation((call) => {
    rows.mockRestore();
    softSpokenReceiveRows(call);
    change(call.corrections);
  });
  const count = receiver.refillCots;
  const message = receiver.refill(null, new Uint8Array(count * BLOCK_BYTES), new Uint8Array(count))!;
  return {
    message,
    read: () => sender.refill(message, new Uint8Array(count * BLOCK_BYTES), new Uint8Array(0)),
  };
}

/** The receiver takes another choice for one tree (not the first), in one COT. */
const deviatingRefill = async (delta: Uint8Array, tree: number) =>
  (
    await refillFrom(delta, (corrections) => {
      corrections[(tree - 1) * TILE_BYTES + 7]! ^= 4;
    })
  ).read;

describe('checks of the OT extension', () => {
  it.each(SUITES)(
    'let honest halves pass, in both directions, with the same COTs as ever, %s',
    async (suite) => {
      const [server, client] = await Promise.all(
        sessions().map((session) => setupCots(session, { checks: true, suite })),
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
    },
  );

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

  it('find a proof that was bent', async () => {
    const delta = new Uint8Array(BLOCK_BYTES).fill(0x11);
    for (const at of [0, 20]) {
      const { message, read } = await refillFrom(delta, () => undefined);
      expect(message.length).toBe(CORRECTION_BYTES + PROOF_BYTES);
      message[CORRECTION_BYTES + at]! ^= 1;
      expect(read).toThrow('inconsistent');
    }
    expect((await refillFrom(delta, () => undefined)).read).not.toThrow();
  });

  it('find corrections that were changed behind their proof', async () => {
    const { message, read } = await refillFrom(new Uint8Array(BLOCK_BYTES).fill(1), () => undefined);
    message[5]! ^= 1;
    expect(read).toThrow('inconsistent');
  });

  it('hide the choices behind COTs that nobody gets', () => {
    const rows = new Uint8Array(129 * STRIDE);
    const matrix = { rows, stride: STRIDE, columns: REFILL_COTS };
    const proofOf = () => {
      const proof = new Uint8Array(PROOF_BYTES);
      proveCorrections(new Uint8Array(1), matrix, proof);
      return proof.subarray(0, BLOCK_BYTES);
    };
    const plain = proofOf();
    rows[128 * STRIDE + (REFILL_COTS - SACRIFICED_COTS) / 8 + 1] = 2; // choice 9 of the sacrificed ones
    // The hash of the choices moves by exactly the sacrificed group's bit.
    expect(proofOf().map((byte, i) => byte ^ plain[i]!)).toEqual(
      Uint8Array.from({ length: BLOCK_BYTES }, (_, i) => (i === 1 ? 2 : 0)),
    );
    const delta = new Uint8Array(BLOCK_BYTES);
    const proof = new Uint8Array(PROOF_BYTES);
    proveCorrections(new Uint8Array(1), matrix, proof);
    const own = { ...matrix, rows: rows.subarray(0, 128 * STRIDE) };
    expect(() => checkCorrections(new Uint8Array(1), proof, own, delta)).not.toThrow();
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
});

describe('checks of Ferret', () => {
  const [DEPTH, TREES_OF_PART] = [10, 78];

  /** Both halves of one part with known points: each tree's COTs in order from the root, whose choices are the path's complement. */
  function ferretHalves(pointOf: (tree: number) => number, suite: 0 | 1 = 0) {
    const random = Prg.insecureForTests(5);
    const delta = random.bytes(BLOCK_BYTES);
    delta[0]! |= 1;
    const [table, parts] = [2 ** 17, 15];
    const perPart = Math.ceil((table + parts * TREES_OF_PART * DEPTH) / parts);
    const blocks = random.bytes(parts * perPart * BLOCK_BYTES);
    const choices = random.bytes(parts * perPart).map((byte) => byte & 1);
    for (let tree = 0; tree < TREES_OF_PART; tree++)
      for (let level = 0; level < DEPTH; level++)
        choices[table + tree * DEPTH + level] = 1 - ((pointOf(tree) >> (DEPTH - 1 - level)) & 1);
    for (let i = 0; i < choices.length; i++) blocks[i * BLOCK_BYTES]! &= 0xfe;
    const received = blocks.map((byte, i) => byte ^ (choices[i >> 4]! * delta[i & 15]!));
    const start = { seed: random.bytes(BLOCK_BYTES), checks: true };
    const [server] = sessions();
    return {
      delta,
      sender: ferretSender(server!, { ...start, base: { delta, blocks, tweak: 0, suite } }),
      receiver: ferretReceiver({ ...start, base: { choices, blocks: received, tweak: 0, suite } }),
    };
  }

  const room = () => new Uint8Array(FERRET_REFILL_COTS * BLOCK_BYTES);

  /** Reads a refill that the sender has changed, by points of the receiver. */
  function reading(pointOf: (tree: number) => number, change: (message: Uint8Array) => void = () => {}) {
    const { sender, receiver } = ferretHalves(pointOf);
    const message = sender.refill(null, room(), new Uint8Array(0))!;
    change(message);
    return () => receiver.refill(message, room(), new Uint8Array(FERRET_REFILL_COTS));
  }

  it.each([0, 1] as const)(
    'let honest halves pass, over several iterations, with COTs that hold: suite %d',
    (suite) => {
      const { delta, sender, receiver } = ferretHalves((tree) => (tree * 397) % 1024, suite);
      for (let part = 0; part < 17; part++) {
        const [q, t, choices] = [room(), room(), new Uint8Array(FERRET_REFILL_COTS)];
        receiver.refill(sender.refill(null, q, new Uint8Array(0)), t, choices);
        for (let i = 0; i < FERRET_REFILL_COTS; i += 331)
          for (let j = 0; j < BLOCK_BYTES; j++)
            if (t[i * BLOCK_BYTES + j] !== (q[i * BLOCK_BYTES + j]! ^ (choices[i]! * delta[j]!)))
              throw new Error(`COT ${i} of part ${part} is none`);
      }
    },
  );

  it.each([
    ['a correction of the last level', (7 * DEPTH + 9) * BLOCK_BYTES],
    ['a correction of a level between', (7 * DEPTH + 4) * BLOCK_BYTES + 3],
    ['a correction of the first level', 7 * DEPTH * BLOCK_BYTES],
    ['a sum of tags', TREES_OF_PART * DEPTH * BLOCK_BYTES + 7 * BLOCK_BYTES],
    ['the digest', TREES_OF_PART * (DEPTH + 1) * BLOCK_BYTES + 31],
  ])('find %s that was changed, at whatever points', (_name, at) => {
    for (const points of [(tree: number) => (tree * 397) % 1024, () => 0, () => 1023])
      expect(
        reading(points, (message) => {
          message[at]! ^= 1;
        }),
      ).toThrow('OT extension: the peer deviated from the protocol: its trees are inconsistent');
  });

  /** A sender that changes a correction and proves what a receiver with one point would see. */
  function guessing(level: number, guess: number) {
    const { ferretGrow, ferretGrowPunctured } = kernels;
    return (points: (tree: number) => number) => {
      const { sender, receiver } = ferretHalves(points);
      const seen = { leaves: new Uint8Array(0), points: new Uint32Array(0) };
      const grow = vi.spyOn(kernels, 'ferretGrow').mockImplementation((call) => {
        ferretGrow(call);
        call.corrections[level * BLOCK_BYTES + 5]! ^= 0x20;
        // What a receiver whose first tree is noisy at the guess has: its leaves, and the missing one, which is off by delta.
        const pathCots = call.pathCots.slice();
        const known = new Uint32Array(TREES_OF_PART);
        for (let l = 0; l < DEPTH; l++)
          if (((guess >> (DEPTH - 1 - l)) & 1) === 0)
            for (let j = 0; j < BLOCK_BYTES; j++) pathCots[l * BLOCK_BYTES + j]! ^= call.delta[j]!;
        const leaves = new Uint8Array(call.leaves.length);
        ferretGrowPunctured({ depth: DEPTH, pathCots, corrections: call.corrections, leaves, points: known });
        for (let j = 0; j < BLOCK_BYTES; j++) leaves[guess * BLOCK_BYTES + j]! ^= call.delta[j]!;
        call.leaves.set(leaves.subarray(0, BLOCK_BYTES << DEPTH));
        Object.assign(seen, { leaves, points: known });
      });
      const message = sender.refill(null, room(), new Uint8Array(0))!;
      grow.mockRestore();
      expect(seen.points[0]).toBe(guess);
      return () => receiver.refill(message, room(), new Uint8Array(FERRET_REFILL_COTS));
    };
  }

  it('let one pass that guesses where a tree is noisy, which is all that it learns', () => {
    // A change in the last level is right for both leaves of one parent: the other leaf takes it up.
    const deviate = guessing(9, 300);
    for (const point of [300, 301]) expect(deviate(() => point)).not.toThrow();
    for (const point of [299, 302, 812, 44])
      expect(deviate(() => point)).toThrow('its trees are inconsistent');
  });
});
