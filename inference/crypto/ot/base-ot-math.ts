/**
 * What base oblivious transfers compute (base-ot.ts has the protocol): on ristretto255 by libsodium compiled to WebAssembly, whose
 * scalar multiplication has no branches or addresses that depend on secrets. Bytes in, bytes out, so that it can run in
 * another thread. A half of 128 transfers takes some tens of milliseconds.
 */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import sodium from 'libsodium-wrappers-sumo';
import { ProtocolError } from '../../core/errors.js';

export const POINT_BYTES = 32;
export const KEY_BYTES = 16;
/** Uniform bytes that become one scalar, up to 2^-250, or one point. */
export const SCALAR_SEED_BYTES = 64;
/** What the receiver sends for a transfer: two points. */
export const CHOICE_BYTES = 2 * POINT_BYTES;
/** What it draws for one: a scalar and a point. */
export const CHOICE_SEED_BYTES = 2 * SCALAR_SEED_BYTES;
const KEY_DOMAIN = new TextEncoder().encode('cipherprune/base-ot/2/key');
const POINT_DOMAIN = new TextEncoder().encode('cipherprune/base-ot/2/point');

/** The halves' computations; who calls them does not know where they run. */
export interface BaseOtMath {
  /** a → A = a·G. */
  point(scalarSeed: Uint8Array): Promise<Uint8Array>;
  /** The sender: a and the receiver's points [count, 2, 32] → keys [count, 2, 16]. */
  senderKeys(scalarSeed: Uint8Array, points: Uint8Array): Promise<Uint8Array>;
  /** The receiver: A, choices [count], seeds [count, 2, 64] → points [count, 2, 32] and keys [count · 16]. */
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

/** Transfer `index` and one of its two keys, 0 or 1. */
function placeOf(index: number, choice: number): Uint8Array {
  const bytes = new Uint8Array(5);
  new DataView(bytes.buffer).setUint32(0, index, true);
  bytes[4] = choice;
  return bytes;
}

/** A point that nobody knows the logarithm of, from the other point of the transfer. */
const movedBy = (place: Uint8Array, other: Uint8Array): Uint8Array =>
  sodium.crypto_core_ristretto255_from_hash(
    sha512.create().update(POINT_DOMAIN).update(place).update(other).digest(),
  );

/** A point as the base OT's key: H(domain, place, A, both points of the receiver, point), 16 bytes. */
function keyOf(place: Uint8Array, a: Uint8Array, points: Uint8Array, shared: Uint8Array): Uint8Array {
  const hash = sha256.create().update(KEY_DOMAIN).update(place).update(a).update(points);
  return hash.update(shared).digest().subarray(0, KEY_BYTES);
}

/** First and second, or the other way round if `choice` is 1: without a branch. */
function ordered(choice: number, first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * POINT_BYTES);
  for (let j = 0; j < POINT_BYTES; j++) {
    const difference = -choice & (first[j]! ^ second[j]!);
    both[j] = first[j]! ^ difference;
    both[POINT_BYTES + j] = second[j]! ^ difference;
  }
  return both;
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
    const count = points.length / CHOICE_BYTES;
    const keys = new Uint8Array(2 * count * KEY_BYTES);
    for (let i = 0; i < count; i++) {
      const both = part(points, i, CHOICE_BYTES);
      for (const b of [0, 1]) checkPoint(part(both, b, POINT_BYTES), `point ${b} of transfer ${i}`);
      for (const b of [0, 1]) {
        const place = placeOf(i, b);
        const moved = movedBy(place, part(both, 1 - b, POINT_BYTES));
        const base = sodium.crypto_core_ristretto255_add(part(both, b, POINT_BYTES), moved);
        // The neutral element has the same key whatever a is.
        checkPoint(base, `another point ${b} of transfer ${i}`);
        const shared = sodium.crypto_scalarmult_ristretto255(a, base);
        keys.set(keyOf(place, pointA, both, shared), (2 * i + b) * KEY_BYTES);
      }
    }
    return keys;
  },

  async receiver(pointA, choices, seeds) {
    await sodium.ready;
    checkPoint(pointA, 'the point of the sender');
    const points = new Uint8Array(choices.length * CHOICE_BYTES);
    const keys = new Uint8Array(choices.length * KEY_BYTES);
    choices.forEach((choice, i) => {
      const place = placeOf(i, choice);
      const x = scalarOf(part(seeds, 2 * i, SCALAR_SEED_BYTES));
      const other = sodium.crypto_core_ristretto255_from_hash(part(seeds, 2 * i + 1, SCALAR_SEED_BYTES));
      const plain = sodium.crypto_scalarmult_ristretto255_base(x);
      const chosen = sodium.crypto_core_ristretto255_sub(plain, movedBy(place, other));
      const both = ordered(choice, chosen, other);
      points.set(both, i * CHOICE_BYTES);
      const shared = sodium.crypto_scalarmult_ristretto255(x, pointA);
      keys.set(keyOf(place, pointA, both, shared), i * KEY_BYTES);
    });
    return { points, keys };
  },
};
