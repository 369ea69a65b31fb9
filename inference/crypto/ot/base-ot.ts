/**
 * Base oblivious transfers from Diffie-Hellman on ristretto255: Masny and Rindal, "Endemic Oblivious Transfer" (CCS 2019), section 5. The
 * sender sends A = a·G. The receiver with choice c draws a point R[1-c] of which it knows no logarithm and sends it beside R[c] = x·G -
 * H(c, R[1-c]); the sender's keys are a·(R[b] + H(b, R[1-b])) for both b, of which the receiver knows x·A. Both points are uniform whatever c is. A
 * receiver that deviates fixes one of its points first, and the other's key is then Diffie-Hellman of A and a point that a random
 * oracle moved away; a sender that deviates chooses its own keys and learns no choice. Either may so bias its own output, which is
 * all that the extension allows for (Roy, CRYPTO 2022, is proved over such transfers). One A serves all transfers: their index is in every
 * hash, as McQuoid, Rosulek and Roy ("Batching Base Oblivious Transfers", ASIACRYPT 2021) found necessary.
 *
 * A server has others to serve meanwhile, so it computes in a thread of its own.
 */
import { serverBaseOtMath } from '#base-ot-server';
import type { Session } from '../../session/session.js';
import {
  type BaseOtMath,
  baseOtMath,
  CHOICE_BYTES,
  CHOICE_SEED_BYTES,
  KEY_BYTES,
  POINT_BYTES,
  SCALAR_SEED_BYTES,
} from './base-ot-math.js';

export { KEY_BYTES };

const mathOf = ({ self }: Session): BaseOtMath => (self === 'server' ? serverBaseOtMath : baseOtMath);

/** The sender's half: → keys [count, 2, 16]. */
export async function baseOtSend(session: Session, count: number): Promise<Uint8Array> {
  const math = mathOf(session);
  const seed = session.random.bytes(SCALAR_SEED_BYTES);
  try {
    session.channel.send(await math.point(seed));
    return await math.senderKeys(seed, await session.channel.receive(count * CHOICE_BYTES));
  } finally {
    seed.fill(0);
  }
}

/** The receiver's half: choices [count] of 0 and 1 → keys [count, 16], of each pair the chosen one. */
export async function baseOtReceive(session: Session, choices: Uint8Array): Promise<Uint8Array> {
  const math = mathOf(session);
  const seeds = session.random.bytes(choices.length * CHOICE_SEED_BYTES);
  try {
    const { points, keys } = await math.receiver(await session.channel.receive(POINT_BYTES), choices, seeds);
    session.channel.send(points);
    return keys;
  } finally {
    seeds.fill(0);
  }
}
