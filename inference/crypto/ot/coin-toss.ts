/**
 * Public randomness from both parties, in one flight: each sends 32 random bytes, SHA-256 over both is the result. Neither chooses it.
 * Who sends last can still try values and see what comes out (each try a hash), which a commitment would prevent at the
 * price of a round trip; what is drawn here, the public matrices of Ferret, has no rare bad values worth a search.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { PartyId } from '../../core/tensors.js';
import type { Session } from '../../session/session.js';

const PART_BYTES = 32;
const SEED_BYTES = 16;
const DOMAIN = new TextEncoder().encode('cipherprune/coin-toss/1');

/** → 32 bytes, equal at both parties. Both call it at the same place. */
export async function tossCoins(session: Session): Promise<Uint8Array> {
  const own = session.random.bytes(PART_BYTES);
  session.channel.send(own);
  const peers = await session.channel.receive(PART_BYTES);
  const [ofServer, ofClient] = session.self === 'server' ? [own, peers] : [peers, own];
  return sha256.create().update(DOMAIN).update(ofServer).update(ofClient).digest();
}

/** The seed [16] of the public matrix of the COTs that `sender` sends. */
export function matrixSeed(toss: Uint8Array, sender: PartyId): Uint8Array {
  const label = new TextEncoder().encode(`ferret matrix, sender ${sender}, stream 0`);
  return sha256.create().update(toss).update(label).digest().subarray(0, SEED_BYTES);
}
