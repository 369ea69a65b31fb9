/**
 * Base oblivious transfers from Diffie-Hellman on ristretto255: Chou and Orlandi, "The Simplest Protocol for Oblivious
 * Transfer" (LATINCRYPT 2015), figure 1. The sender sends A = a·G; the receiver with choice c sends B = b·G + c·A and
 * keeps b·A; the sender keeps a·B and a·(B - A). B is uniform, so it hides c perfectly; the key that was not chosen
 * would take a·a·G, which is as hard as computational Diffie-Hellman. Semi-honest security is all that is used here
 * (the paper's proof of more does not hold up in composition). Points become keys by SHA-256 over the index, A, B and the
 * point, so that keys of different transfers and sessions are independent.
 *
 * A server has others to serve meanwhile, so it computes in a thread of its own.
 */
import { serverBaseOtMath } from '#base-ot-server';
import type { Session } from '../../session/session.js';
import { type BaseOtMath, baseOtMath, KEY_BYTES, POINT_BYTES, SCALAR_SEED_BYTES } from './base-ot-math.js';

export { KEY_BYTES };

const mathOf = ({ self }: Session): BaseOtMath => (self === 'server' ? serverBaseOtMath : baseOtMath);

/** The sender's half: → keys [count, 2, 16]. */
export async function baseOtSend(session: Session, count: number): Promise<Uint8Array> {
  const math = mathOf(session);
  const seed = session.random.bytes(SCALAR_SEED_BYTES);
  try {
    session.channel.send(await math.point(seed));
    return await math.senderKeys(seed, await session.channel.receive(count * POINT_BYTES));
  } finally {
    seed.fill(0);
  }
}

/** The receiver's half: choices [count] of 0 and 1 → keys [count, 16], of each pair the chosen one. */
export async function baseOtReceive(session: Session, choices: Uint8Array): Promise<Uint8Array> {
  const math = mathOf(session);
  const seeds = session.random.bytes(choices.length * SCALAR_SEED_BYTES);
  try {
    const { points, keys } = await math.receiver(await session.channel.receive(POINT_BYTES), choices, seeds);
    session.channel.send(points);
    return keys;
  } finally {
    seeds.fill(0);
  }
}
