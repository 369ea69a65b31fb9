/**
 * Does the half with the choices use the same ones for every bit of delta? If not, it learns delta bit by bit from what the other
 * half sends later. The check of SoftSpoken (Roy, CRYPTO 2022, section 4.2): all columns of the bit matrix are hashed by one
 * linear universal hash, and the hashes must have the correlation that the columns should have. The hash is drawn from the
 * corrections themselves (Fiat and Shamir), so that nothing waits; the last 128 COTs of each refill hide the hash of the choices and are
 * used for nothing else. Who deviates for some bits of delta passes only if it guesses those bits.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { createSha256 } from '#hash';
import { kernels } from '#kernels';
import { ProtocolError } from '../../core/errors.js';
import { concatBytes, sameBytes } from '../../core/bytes.js';

const BLOCK_BYTES = 16;
const GROUP = 128;
const DIGEST_BYTES = 32;
const SEED_BYTES = 16;
const DOMAIN = new TextEncoder().encode('cipherprune/ot-extension-check/1');

/** COTs of a refill that hide the others: its last. */
export const SACRIFICED_COTS = GROUP;
/** The hash of the choices and a digest of all columns' hashes, behind the corrections. */
export const PROOF_BYTES = BLOCK_BYTES + DIGEST_BYTES;

/** One element a group of 128; that of the sacrificed group is 1. */
function challengesOf(corrections: Uint8Array, groups: number): Uint8Array {
  const seed = createSha256().update(DOMAIN).update(corrections).digest().subarray(0, SEED_BYTES);
  const challenges = new Uint8Array(groups * BLOCK_BYTES);
  kernels.prgFill(seed, 0, challenges);
  challenges.fill(0, (groups - 1) * BLOCK_BYTES);
  challenges[(groups - 1) * BLOCK_BYTES] = 1;
  return challenges;
}

function hashOf(corrections: Uint8Array, blocks: Uint8Array, choices: Uint8Array) {
  const hashes = new Uint8Array(GROUP * BLOCK_BYTES);
  const choiceHash = new Uint8Array(BLOCK_BYTES);
  const challenges = challengesOf(corrections, blocks.length / BLOCK_BYTES / GROUP);
  kernels.columnHash({ blocks, choices, challenges, hashes, choiceHash });
  return { hashes, choiceHash };
}

/** Of the half with the choices: corrections, blocks and choices of a whole refill → what goes behind the corrections. */
export function provenCorrections(
  corrections: Uint8Array,
  blocks: Uint8Array,
  choices: Uint8Array,
): Uint8Array {
  const { hashes, choiceHash } = hashOf(corrections, blocks, choices);
  return concatBytes(corrections, choiceHash, sha256(hashes));
}

/**
 * Of the half with delta: what came, and the blocks that it makes. Each column's hash must be the peer's, plus the hash of the
 * choices where delta has a one.
 * @throws ProtocolError
 */
export function checkCorrections(
  corrections: Uint8Array,
  proof: Uint8Array,
  blocks: Uint8Array,
  delta: Uint8Array,
): void {
  const { hashes } = hashOf(corrections, blocks, new Uint8Array(0));
  const choiceHash = proof.subarray(0, BLOCK_BYTES);
  for (let bit = 0; bit < GROUP; bit++) {
    const mask = -((choiceHash[bit >> 3]! >> (bit & 7)) & 1);
    for (let i = 0; i < BLOCK_BYTES; i++) hashes[bit * BLOCK_BYTES + i]! ^= delta[i]! & mask;
  }
  if (sameBytes(sha256(hashes), proof.subarray(BLOCK_BYTES))) return;
  throw new ProtocolError(
    'OT extension: the peer deviated from the protocol: its corrections are inconsistent',
  );
}
