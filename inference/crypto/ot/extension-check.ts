/**
 * Does the half with the choices use the same ones for every bit of delta? If not, it learns delta bit by bit from what the other
 * half sends later. The check of SoftSpoken (Roy, CRYPTO 2022, section 4.2): all rows of the bit matrix, one a bit of delta, are hashed
 * by one linear universal hash, and the hashes must have the correlation that the rows should have. The hash is drawn from the
 * corrections themselves (Fiat and Shamir), so that nothing waits: it must be unpredictable before they are fixed, which is why they
 * go through SHA-256 and not through a faster hash whose key the half with the choices knows. The last 128 COTs of each refill hide the hash of the
 * choices and are used for nothing else. Who deviates for some bits of delta passes only if it guesses those bits.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { createSha256 } from '#hash';
import { kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { sameBytes } from '../../core/bytes.js';

const BLOCK_BYTES = 16;
const DELTA_BITS = 128;
const GROUP = 128;
const DIGEST_BYTES = 32;
const SEED_BYTES = 16;
const DOMAIN = new TextEncoder().encode('cipherprune/ot-extension-check/2');

/** COTs of a refill that hide the others: its last. */
export const SACRIFICED_COTS = GROUP;
/** The hash of the choices and a digest of the hashes of all rows, behind the corrections. */
export const PROOF_BYTES = BLOCK_BYTES + DIGEST_BYTES;

/** The bit matrix of a refill: 128 rows, or 129 with the choices, `stride` bytes apart, of so many columns. */
export interface BitMatrix {
  readonly rows: Uint8Array;
  readonly stride: number;
  readonly columns: number;
}

/** One element a group of 128 columns; that of the sacrificed group is 1. */
function challengesOf(corrections: Uint8Array, groups: number): Uint8Array {
  const seed = createSha256().update(DOMAIN).update(corrections).digest().subarray(0, SEED_BYTES);
  const challenges = new Uint8Array(groups * BLOCK_BYTES);
  kernels.prgFill(seed, 0, challenges);
  challenges.fill(0, (groups - 1) * BLOCK_BYTES);
  challenges[(groups - 1) * BLOCK_BYTES] = 1;
  return challenges;
}

/** → [rows · 16] */
function hashesOf(corrections: Uint8Array, { rows, stride, columns }: BitMatrix): Uint8Array {
  const challenges = challengesOf(corrections, columns / GROUP);
  const sums = new Uint8Array(Math.floor(rows.length / stride) * BLOCK_BYTES);
  kernels.fieldDots({ elements: rows, stride, challenges, sums });
  return sums;
}

/** Of the half with the choices, from 129 rows. Writes what goes behind the corrections. */
export function proveCorrections(corrections: Uint8Array, matrix: BitMatrix, proof: Uint8Array): void {
  const hashes = hashesOf(corrections, matrix);
  const choiceHash = hashes.subarray(DELTA_BITS * BLOCK_BYTES);
  proof.set(choiceHash);
  proof.set(sha256(hashes.subarray(0, DELTA_BITS * BLOCK_BYTES)), BLOCK_BYTES);
}

/**
 * Of the half with delta: what came, and the 128 rows that it makes. Each row's hash must be the peer's, plus the hash of the
 * choices where delta has a one.
 * @throws ProtocolError
 */
export function checkCorrections(
  corrections: Uint8Array,
  proof: Uint8Array,
  matrix: BitMatrix,
  delta: Uint8Array,
): void {
  const hashes = hashesOf(corrections, matrix);
  const choiceHash = proof.subarray(0, BLOCK_BYTES);
  for (let bit = 0; bit < DELTA_BITS; bit++) {
    const mask = -((delta[bit >> 3]! >> (bit & 7)) & 1);
    for (let i = 0; i < BLOCK_BYTES; i++) hashes[bit * BLOCK_BYTES + i]! ^= choiceHash[i]! & mask;
  }
  if (sameBytes(sha256(hashes), proof.subarray(BLOCK_BYTES))) return;
  throw new ProtocolError(
    'OT extension: the peer deviated from the protocol: its corrections are inconsistent',
  );
}
