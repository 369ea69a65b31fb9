/**
 * Base oblivious transfers from Diffie-Hellman on ristretto255: Chou and Orlandi, "The Simplest Protocol for Oblivious
 * Transfer" (LATINCRYPT 2015), figure 1. The sender sends A = a·G; the receiver with choice c sends B = b·G + c·A and
 * keeps b·A; the sender keeps a·B and a·(B - A). B is uniform, so it hides c perfectly; the key that was not chosen
 * would take a·a·G, which is as hard as computational Diffie-Hellman. Semi-honest security is all that is used here
 * (the paper's proof of more does not hold up in composition). Points become keys by SHA-256 over the index, A, B and the
 * point, so that keys of different transfers and sessions are independent.
 *
 * Arithmetic on BigInt is not constant time; it takes place once per session, on fresh random scalars.
 */
import { ristretto255 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ProtocolError } from '../../core/errors.js';
import type { Session } from '../../session/session.js';

const Point = ristretto255.Point;
type GroupElement = InstanceType<typeof Point>;

const POINT_BYTES = 32;
export const KEY_BYTES = 16;
const DOMAIN = new TextEncoder().encode('cipherprune/base-ot/1');

/** Uniform modulo the group's order, up to 2^-250, and not zero. */
function randomScalar(session: Session): bigint {
  const order = Point.Fn.ORDER;
  const number = BigInt(`0x${Buffer.from(session.random.bytes(64)).toString('hex')}`);
  return (number % (order - 1n)) + 1n;
}

function decodePoint(session: Session, bytes: Uint8Array, what: string): GroupElement {
  try {
    const point = Point.fromBytes(bytes);
    if (!point.equals(Point.ZERO)) return point;
  } catch {
    // reported below
  }
  throw new ProtocolError(
    `base OT: ${session.self} expected ${what} on ristretto255, got an invalid encoding`,
  );
}

/** A point as the base OT's key: H(domain, index, A, B, point), 16 bytes. */
function keyOf(index: number, a: Uint8Array, b: Uint8Array, shared: GroupElement): Uint8Array {
  const indexBytes = new Uint8Array(4);
  new DataView(indexBytes.buffer).setUint32(0, index, true);
  const hash = sha256.create().update(DOMAIN).update(indexBytes).update(a).update(b);
  return hash.update(shared.toBytes()).digest().subarray(0, KEY_BYTES);
}

/** The sender's half: → keys [count, 2, 16]. */
export async function baseOtSend(session: Session, count: number): Promise<Uint8Array> {
  const a = randomScalar(session);
  const pointA = Point.BASE.multiply(a);
  const bytesA = pointA.toBytes();
  session.channel.send(bytesA);
  const aTimesA = pointA.multiply(a);
  const points = await session.channel.receive(count * POINT_BYTES);
  const keys = new Uint8Array(count * 2 * KEY_BYTES);
  for (let i = 0; i < count; i++) {
    const bytesB = points.subarray(i * POINT_BYTES, (i + 1) * POINT_BYTES);
    const shared = decodePoint(session, bytesB, `point ${i} of the receiver`).multiply(a);
    keys.set(keyOf(i, bytesA, bytesB, shared), 2 * i * KEY_BYTES);
    keys.set(keyOf(i, bytesA, bytesB, shared.subtract(aTimesA)), (2 * i + 1) * KEY_BYTES);
  }
  return keys;
}

/** The receiver's half: choices [count] of 0 and 1 → keys [count, 16], of each pair the chosen one. */
export async function baseOtReceive(session: Session, choices: Uint8Array): Promise<Uint8Array> {
  const bytesA = await session.channel.receive(POINT_BYTES);
  const pointA = decodePoint(session, bytesA, 'the point of the sender');
  pointA.precompute(8, false);
  const offsets = [Point.ZERO, pointA];
  const points = new Uint8Array(choices.length * POINT_BYTES);
  const keys = new Uint8Array(choices.length * KEY_BYTES);
  choices.forEach((choice, i) => {
    const b = randomScalar(session);
    const bytesB = Point.BASE.multiply(b).add(offsets[choice]!).toBytes();
    points.set(bytesB, i * POINT_BYTES);
    keys.set(keyOf(i, bytesA, bytesB, pointA.multiply(b)), i * KEY_BYTES);
  });
  session.channel.send(points);
  return keys;
}
