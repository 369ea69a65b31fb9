/**
 * Did who grew the trees send sums of one tree each, whatever the other half's points are? If not, the other half's failure
 * would tell of its points, which are delta. As in SoftSpoken (Roy, CRYPTO 2022, figure 13): every leaf gives 32 bytes more; their XOR in
 * each tree lets the other half compute what the missing leaf gives, and a digest of all of them must then agree.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import { concatBytes, sameBytes } from '../../core/bytes.js';
import { ProtocolError } from '../../core/errors.js';

const BLOCK_BYTES = 16;
const TAG_BLOCKS = 2;
const TAG_BYTES = TAG_BLOCKS * BLOCK_BYTES;
const DIGEST_BYTES = 32;
/** Beyond the tweaks of every COT. */
const FIRST_TWEAK = 2 ** 52;

/** leaves [trees, 2^depth, 16] → tags [trees, 2^depth, 32] */
function tagsOf(leaves: Uint8Array, suite: SuiteCode): Uint8Array {
  const tags = new Uint8Array(leaves.length * TAG_BLOCKS);
  kernels.expandBlocks(leaves, FIRST_TWEAK, TAG_BLOCKS, tags, suite);
  return tags;
}

/** Of one tree's tags, but for that at `without`. */
function sumOf(tags: Uint8Array, without: number | null): Uint8Array {
  const sum = new Uint8Array(TAG_BYTES);
  for (let i = 0; i < tags.length; i++)
    if (Math.floor(i / TAG_BYTES) !== without) sum[i % TAG_BYTES]! ^= tags[i]!;
  return sum;
}

const treeAt = (tags: Uint8Array, tree: number, depth: number): Uint8Array =>
  tags.subarray((tree << depth) * TAG_BYTES, ((tree + 1) << depth) * TAG_BYTES);

/** What the half that grew trees of equal depth sends behind their sums. */
export function treeProof(leaves: Uint8Array, depth: number, suite: SuiteCode): Uint8Array {
  const tags = tagsOf(leaves, suite);
  const trees = (leaves.length / BLOCK_BYTES) >> depth;
  const sums = Array.from({ length: trees }, (_, tree) => sumOf(treeAt(tags, tree, depth), null));
  return concatBytes(...sums, sha256(tags));
}

export const treeProofBytes = (trees: number): number => trees * TAG_BYTES + DIGEST_BYTES;

/** Trees of equal depth without one leaf each: that at `points` [trees]. */
export interface PuncturedTrees {
  /** [trees, 2^depth, 16] */
  readonly leaves: Uint8Array;
  readonly depth: number;
  readonly points: Uint32Array;
  readonly suite: SuiteCode;
}

/** @throws ProtocolError */
export function checkTrees({ leaves, depth, points, suite }: PuncturedTrees, proof: Uint8Array): void {
  const tags = tagsOf(leaves, suite);
  points.forEach((point, tree) => {
    const own = treeAt(tags, tree, depth);
    const missing = sumOf(own, point);
    for (let i = 0; i < TAG_BYTES; i++) missing[i]! ^= proof[tree * TAG_BYTES + i]!;
    own.set(missing, point * TAG_BYTES);
  });
  if (sameBytes(sha256(tags), proof.subarray(points.length * TAG_BYTES))) return;
  throw new ProtocolError('OT extension: the peer deviated from the protocol: its trees are inconsistent');
}
