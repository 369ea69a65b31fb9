/**
 * What base oblivious transfers compute (base-ot.ts has the protocol): on ristretto255 by libsodium compiled to WebAssembly, whose
 * scalar multiplication has no branches or addresses that depend on secrets. Bytes in, bytes out, so that it can run in
 * another thread. A half of 128 transfers takes some tens of milliseconds.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import sodium from 'libsodium-wrappers-sumo';
import { ProtocolError } from '../../core/errors.js';

export const POINT_BYTES = 32;
export const KEY_BYTES = 16;
/** Uniform bytes that become one scalar, up to 2^-250. */
export const SCALAR_SEED_BYTES = 64;
const DOMAIN = new TextEncoder().encode('cipherprune/base-ot/1');

/** The halves' computations; who calls them does not know where they run. */
export interface BaseOtMath {
  /** a → A = a·G. */
  point(scalarSeed: Uint8Array): Promise<Uint8Array>;
  /** The sender: a and the receiver's points [count · 32] → keys [count, 2, 16]. */
  senderKeys(scalarSeed: Uint8Array, points: Uint8Array): Promise<Uint8Array>;
  /** The receiver: A, choices [count], seeds [count · 64] → points [count · 32] and keys [count · 16]. */
  receiver(
    pointA: Uint8Array,
    choices: Uint8Array,
    scalarSeeds: Uint8Array,
  ): Promise<{ readonly points: Uint8Array; readonly keys: Uint8Array }>;
}

const part = (bytes: Uint8Array, index: number, length: number): Uint8Array =>
  bytes.subarray(index * length, (index + 1) * length);

export const scalarOf = (seed: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_reduce(seed);

/** A canonical encoding, and not the neutral element, which is all zeros. */
export function checkPoint(bytes: Uint8Array, what: string): void {
  if (bytes.some((byte) => byte !== 0) && sodium.crypto_core_ristretto255_is_valid_point(bytes)) return;
  throw new ProtocolError(`set-up: expected ${what} on ristretto255, got an invalid encoding`);
}

/** A point as the base OT's key: H(domain, index, A, B, point), 16 bytes. */
function keyOf(index: number, a: Uint8Array, b: Uint8Array, shared: Uint8Array): Uint8Array {
  const indexBytes = new Uint8Array(4);
  new DataView(indexBytes.buffer).setUint32(0, index, true);
  const hash = sha256.create().update(DOMAIN).update(indexBytes).update(a).update(b);
  return hash.update(shared).digest().subarray(0, KEY_BYTES);
}

/** In this thread. */
export const baseOtMath: BaseOtMath = {
  async point(scalarSeed) {
    await sodium.ready;
    return sodium.crypto_scalarmult_ristretto255_base(scalarOf(scalarSeed));
  },

  async senderKeys(scalarSeed, points) {
    await sodium.ready;
    const a = scalarOf(scalarSeed);
    const pointA = sodium.crypto_scalarmult_ristretto255_base(a);
    const aTimesA = sodium.crypto_scalarmult_ristretto255(a, pointA);
    const count = points.length / POINT_BYTES;
    const keys = new Uint8Array(2 * count * KEY_BYTES);
    for (let i = 0; i < count; i++) {
      const pointB = part(points, i, POINT_BYTES);
      checkPoint(pointB, `point ${i} of the receiver`);
      const shared = sodium.crypto_scalarmult_ristretto255(a, pointB);
      const other = sodium.crypto_core_ristretto255_sub(shared, aTimesA);
      keys.set(keyOf(i, pointA, pointB, shared), 2 * i * KEY_BYTES);
      keys.set(keyOf(i, pointA, pointB, other), (2 * i + 1) * KEY_BYTES);
    }
    return keys;
  },

  async receiver(pointA, choices, scalarSeeds) {
    await sodium.ready;
    checkPoint(pointA, 'the point of the sender');
    const points = new Uint8Array(choices.length * POINT_BYTES);
    const keys = new Uint8Array(choices.length * KEY_BYTES);
    choices.forEach((choice, i) => {
      const b = scalarOf(part(scalarSeeds, i, SCALAR_SEED_BYTES));
      const plain = sodium.crypto_scalarmult_ristretto255_base(b);
      const moved = sodium.crypto_core_ristretto255_add(plain, pointA);
      const pointB = plain.map((byte, j) => byte ^ (-choice & (byte ^ moved[j]!)));
      points.set(pointB, i * POINT_BYTES);
      keys.set(keyOf(i, pointA, pointB, sodium.crypto_scalarmult_ristretto255(b, pointA)), i * KEY_BYTES);
    });
    return { points, keys };
  },
};
