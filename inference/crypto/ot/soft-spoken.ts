/**
 * SoftSpoken OT extension (Roy, CRYPTO 2022), with consistency checks where both parties agreed on them: kernels/src/ot/soft-spoken.cc has the identity. 128 base OTs
 * become ceil(128 / k) GGM trees of depth k; the receiver of the extension (choices) grew them, the sender (delta) knows
 * all leaves but one of each tree, the one at the tree's k bits of delta. From then on a COT costs a generator, XOR and
 * ceil(128 / k) - 1 bits from the receiver to the sender: 3.875 bytes for k = 4.
 */
import { concatBytes } from '../../core/bytes.js';
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import type { Session } from '../../session/session.js';
import type { CotExtension } from './cot-pool.js';
import {
  type BitMatrix,
  checkCorrections,
  PROOF_BYTES,
  proveCorrections,
  SACRIFICED_COTS,
} from './extension-check.js';
import { checkTrees, treeProof, treeProofBytes } from './tree-check.js';

const BLOCK_BYTES = 16;
/** Of one leaf, by suite: round keys of AES, or the leaf itself. */
const LEAF_KEY_BYTES: Readonly<Record<SuiteCode, number>> = { 0: 176, 1: 16 };
const TILE_BYTES = 512;
const TILE_COTS = 8 * TILE_BYTES;
/** Tiles of one refill: 65,536 COTs, 1 MB of blocks; large enough that the call and the message cost nothing. */
const REFILL_TILES = 16;
export const REFILL_COTS = REFILL_TILES * TILE_COTS;
/** What is left of a refill with checks. */
export const CHECKED_REFILL_COTS = REFILL_COTS - SACRIFICED_COTS;
/** Bytes from row to row where a refill's bit matrix is kept (kernels/src/ot/ot.h). */
const ROW_STRIDE = REFILL_TILES * TILE_BYTES + 64;
/** Rows of the bit matrix, bits of delta, base OTs. */
export const BASE_OTS = 128;
/** Bits of delta per tree: a bit less to send for each more, at twice the work. */
export const DEFAULT_K = 4;

/** Trees of equal depth: rows `firstRow` to `firstRow + count · depth`, one group unless k does not divide 128. */
interface TreeGroup {
  readonly firstRow: number;
  readonly count: number;
  readonly depth: number;
}

function treeGroups(k: number): readonly TreeGroup[] {
  const whole = { firstRow: 0, count: Math.floor(BASE_OTS / k), depth: k };
  const rest = { firstRow: whole.count * k, count: 1, depth: BASE_OTS % k };
  return rest.depth === 0 ? [whole] : [whole, rest];
}

const trees = (k: number): number => Math.ceil(BASE_OTS / k);
const bitAt = (bytes: Uint8Array, bit: number): number => (bytes[bit >> 3]! >> (bit & 7)) & 1;

/** Memory of one refill's rows, used again by the next. */
const refillMatrix = (rows: number): BitMatrix => ({
  rows: new Uint8Array(rows * ROW_STRIDE),
  stride: ROW_STRIDE,
  columns: REFILL_COTS,
});

function xorInto(target: Uint8Array, source: Uint8Array): Uint8Array {
  for (let i = 0; i < target.length; i++) target[i]! ^= source[i]!;
  return target;
}

/** The row whose base OT protects `level` of `tree`: levels go from the top bit of the point to the lowest. */
const rowOf = (group: TreeGroup, tree: number, level: number): number =>
  group.firstRow + tree * group.depth + group.depth - 1 - level;

/** A random delta for the sender: 16 bytes, lowest bit 1. */
export function randomDelta(session: Session): Uint8Array {
  const delta = session.random.bytes(BLOCK_BYTES);
  delta[0]! |= 1;
  return delta;
}

/** The sender's choices in the base OTs: of each pair of sums the one off the path, so the complement of delta's bits. */
export const baseChoices = (delta: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: BASE_OTS }, (_, row) => 1 - bitAt(delta, row));

/** Grows the trees and sends their level sums under the base OT's keys [128, 2, 16]; → keys of all leaves. */
function sendTrees(session: Session, { k, checks, suite }: SoftSpoken, baseKeys: Uint8Array): Uint8Array {
  const keys = treeGroups(k).map((group) => {
    const { count, depth } = group;
    const leaves = new Uint8Array((count << depth) * BLOCK_BYTES);
    const sums = new Uint8Array(count * depth * 2 * BLOCK_BYTES);
    kernels.pprfGrow(session.random.bytes(count * BLOCK_BYTES), depth, leaves, sums, suite);
    for (let tree = 0; tree < count; tree++) {
      for (let level = 0; level < depth; level++) {
        const begin = (tree * depth + level) * 2 * BLOCK_BYTES;
        const row = rowOf(group, tree, level);
        const pad = baseKeys.subarray(row * 2 * BLOCK_BYTES, (row + 1) * 2 * BLOCK_BYTES);
        xorInto(sums.subarray(begin, begin + 2 * BLOCK_BYTES), pad);
      }
    }
    session.channel.send(sums);
    if (checks) session.channel.send(treeProof(leaves, depth, suite));
    return keysOf(leaves, suite);
  });
  return concatBytes(...keys);
}

/** Receives the sums and grows the punctured trees with the base OT's keys [128, 16]; → keys, of each tree in the
 * order leaf XOR point. */
async function receiveTrees(
  session: Session,
  { k, checks, suite }: SoftSpoken,
  delta: Uint8Array,
  baseKeys: Uint8Array,
): Promise<Uint8Array> {
  const keys: Uint8Array[] = [];
  for (const group of treeGroups(k)) {
    const { firstRow, count, depth } = group;
    const pairs = await session.channel.receive(count * depth * 2 * BLOCK_BYTES);
    const points = new Uint32Array(count);
    const sums = new Uint8Array(count * depth * BLOCK_BYTES);
    for (let tree = 0; tree < count; tree++) {
      for (let j = 0; j < depth; j++) points[tree]! |= bitAt(delta, firstRow + tree * depth + j) << j;
      for (let level = 0; level < depth; level++) {
        const row = rowOf(group, tree, level);
        const index = tree * depth + level;
        const begin = (2 * index + 1 - bitAt(delta, row)) * BLOCK_BYTES;
        const sum = pairs.subarray(begin, begin + BLOCK_BYTES);
        const pad = baseKeys.subarray(row * BLOCK_BYTES, (row + 1) * BLOCK_BYTES);
        sums.set(xorInto(sum, pad), index * BLOCK_BYTES);
      }
    }
    const leaves = new Uint8Array((count << depth) * BLOCK_BYTES);
    kernels.pprfGrowPunctured(points, sums, depth, leaves, suite);
    if (checks)
      checkTrees({ leaves, depth, points, suite }, await session.channel.receive(treeProofBytes(count)));
    keys.push(keysOf(byDistance(leaves, points, depth), suite));
  }
  return concatBytes(...keys);
}

function keysOf(leaves: Uint8Array, suite: SuiteCode): Uint8Array {
  const keys = new Uint8Array((leaves.length / BLOCK_BYTES) * LEAF_KEY_BYTES[suite]);
  kernels.softSpokenKeys(leaves, keys, suite);
  leaves.fill(0);
  return keys;
}

/** Of each tree, the leaf x at place x XOR point. */
function byDistance(leaves: Uint8Array, points: Uint32Array, depth: number): Uint8Array {
  const ordered = new Uint8Array(leaves.length);
  points.forEach((point, tree) => {
    for (let x = 0; x < 1 << depth; x++) {
      const from = ((tree << depth) + x) * BLOCK_BYTES;
      ordered.set(leaves.subarray(from, from + BLOCK_BYTES), ((tree << depth) + (x ^ point)) * BLOCK_BYTES);
    }
  });
  return ordered;
}

/** What a refill sends, from the half with the choices to the half with delta. */
export const correctionBytes = (k: number): number => REFILL_TILES * (trees(k) - 1) * TILE_BYTES;

/** Bits of delta a tree, and whether each half shows the other that it keeps to the protocol. */
export interface SoftSpoken {
  readonly k: number;
  readonly suite: SuiteCode;
  readonly checks: boolean;
}

/** The half with delta, from base OT keys [128, 16] received with `baseChoices(delta)`. */
export async function softSpokenSender(
  session: Session,
  { k, checks, suite }: SoftSpoken,
  delta: Uint8Array,
  baseKeys: Uint8Array,
): Promise<CotExtension> {
  const keys = await receiveTrees(session, { k, checks, suite }, delta, baseKeys);
  return checks ? checkedSender({ k, suite, keys }, delta) : uncheckedSender({ k, suite, keys }, delta);
}

/** What a half starts from: keys of all leaves that it knows. */
interface Leaves {
  readonly k: number;
  readonly suite: SuiteCode;
  readonly keys: Uint8Array;
}

/** Every tile is used once. */
function uncheckedSender({ k, suite, keys }: Leaves, delta: Uint8Array): CotExtension {
  let tile = 0;
  return {
    suite,
    refillCots: REFILL_COTS,
    incomingBytes: correctionBytes(k),
    hasChoices: false,
    refill(corrections, blocks) {
      kernels.softSpokenSend(k, keys, delta, tile, corrections!, blocks, suite);
      tile += REFILL_TILES;
      return null;
    },
  };
}

/** Nothing is handed out of a refill whose corrections are inconsistent. */
function checkedSender({ k, suite, keys }: Leaves, delta: Uint8Array): CotExtension {
  const matrix = refillMatrix(BASE_OTS);
  const { rows, stride } = matrix;
  const length = correctionBytes(k);
  let firstTile = 0;
  return {
    suite,
    refillCots: CHECKED_REFILL_COTS,
    incomingBytes: length + PROOF_BYTES,
    hasChoices: false,
    refill(incoming, blocks, choices) {
      const corrections = incoming!.subarray(0, length);
      kernels.softSpokenSendRows({
        suite,
        k,
        keys,
        delta,
        firstTile,
        tiles: REFILL_TILES,
        corrections,
        rows,
      });
      firstTile += REFILL_TILES;
      checkCorrections(corrections, incoming!.subarray(length), matrix, delta);
      kernels.rowsToBlocks({ rows, stride, blocks, choices });
      return null;
    },
  };
}

/** The half with the choices, from base OT keys [128, 2, 16]. */
export function softSpokenReceiver(
  session: Session,
  { k, checks, suite }: SoftSpoken,
  baseKeys: Uint8Array,
): CotExtension {
  const keys = sendTrees(session, { k, checks, suite }, baseKeys);
  return checks ? checkedReceiver({ k, suite, keys }) : uncheckedReceiver({ k, suite, keys });
}

function uncheckedReceiver({ k, suite, keys }: Leaves): CotExtension {
  let tile = 0;
  return {
    suite,
    refillCots: REFILL_COTS,
    incomingBytes: 0,
    hasChoices: true,
    refill(_incoming, blocks, choices) {
      const corrections = new Uint8Array(correctionBytes(k));
      kernels.softSpokenReceive(k, keys, tile, corrections, choices, blocks, suite);
      tile += REFILL_TILES;
      return corrections;
    },
  };
}

function checkedReceiver({ k, suite, keys }: Leaves): CotExtension {
  const matrix = refillMatrix(BASE_OTS + 1);
  const { rows, stride } = matrix;
  const length = correctionBytes(k);
  let firstTile = 0;
  return {
    suite,
    refillCots: CHECKED_REFILL_COTS,
    incomingBytes: 0,
    hasChoices: true,
    refill(_incoming, blocks, choices) {
      const outgoing = new Uint8Array(length + PROOF_BYTES);
      const corrections = outgoing.subarray(0, length);
      kernels.softSpokenReceiveRows({ suite, k, keys, firstTile, tiles: REFILL_TILES, corrections, rows });
      firstTile += REFILL_TILES;
      proveCorrections(corrections, matrix, outgoing.subarray(length));
      kernels.rowsToBlocks({ rows, stride, blocks, choices });
      return outgoing;
    },
  };
}
