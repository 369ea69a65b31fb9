/**
 * Did the half with delta send corrections of one tree each, whatever the other half's points are? If not, that half's answers would
 * tell of its points, which are the noise that hides its choices. Nothing flows from the other half here, so the check must not either:
 * where Ferret (Yang et al., CCS 2020, section 4.2) masks the receiver's combination of points by more COTs and takes a round trip, this
 * one is in the manner of SoftSpoken's trees (Roy, CRYPTO 2022, figure 13) with linear hashes over GF(2^128) in place of digests of all leaves.
 *
 * Every leaf v has a tag under a permutation that is drawn from the corrections (Fiat and Shamir). Each tree's tags add up to T, which is
 * sent, so that the other half knows the missing leaf's tag without knowing the leaf; two random linear hashes of the tags must then
 * be the sender's. Three elements are the sender's to choose, T and the two hashes. A point gives two equations, two points four, and these
 * hold with a chance of 2^-128 unless both points give the same leaves. So for all points that pass there is one tree. Where two of
 * these differ in some level, both sides of that level are known to differ by delta, so the tree's leaves add up to delta; where one point alone
 * passes, the sender has guessed it and errs at a place whose mask it chooses anyway.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../kernels/types/prg.js';
import { concatBytes, sameBytes } from '../../core/bytes.js';
import { ProtocolError } from '../../core/errors.js';

const BLOCK_BYTES = 16;
const DIGEST_BYTES = 32;
const DOMAIN = new TextEncoder().encode('cipherprune/ferret-check/1');

/** What goes behind the corrections of so many trees: sums of tags, and a digest of the hashes. */
export const ferretProofBytes = (trees: number): number => trees * BLOCK_BYTES + DIGEST_BYTES;

/** Of one part of an iteration. */
export interface GrownTrees {
  readonly suite: SuiteCode;
  readonly depth: number;
  readonly corrections: Uint8Array;
  /** [trees, 2^depth, 16] */
  readonly leaves: Uint8Array;
}

/** A digest of the hashes of all trees, each of two elements; reads sums if there are points, else writes them. */
function digestOf(grown: GrownTrees, sums: Uint8Array, points?: Uint32Array): Uint8Array {
  const { suite, depth, corrections, leaves } = grown;
  const drawn = sha256(concatBytes(DOMAIN, corrections));
  const key = drawn.subarray(0, BLOCK_BYTES);
  const challenges = new Uint8Array((2 * BLOCK_BYTES) << depth);
  kernels.prgFill(drawn.subarray(BLOCK_BYTES), 0, challenges, suite);
  const hashes = new Uint8Array(2 * sums.length);
  kernels.ferretLeafHashes({
    suite,
    depth,
    leaves,
    key,
    challenges,
    sums,
    hashes,
    ...(points ? { points } : {}),
  });
  return sha256(hashes);
}

/** Of the half with delta: writes `proof`. */
export function proveTrees(grown: GrownTrees, proof: Uint8Array): void {
  const sums = proof.subarray(0, proof.length - DIGEST_BYTES);
  proof.set(digestOf(grown, sums), sums.length);
}

/**
 * Of the half with choices, which knows all leaves but those at `points` [trees].
 * @throws ProtocolError
 */
export function checkGrownTrees(grown: GrownTrees, points: Uint32Array, proof: Uint8Array): void {
  const sums = proof.subarray(0, proof.length - DIGEST_BYTES);
  if (sameBytes(digestOf(grown, sums, points), proof.subarray(sums.length))) return;
  throw new ProtocolError('OT extension: the peer deviated from the protocol: its trees are inconsistent');
}
