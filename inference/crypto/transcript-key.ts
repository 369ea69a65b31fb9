/**
 * The secret that keys a connection's transcript: Diffie-Hellman on ristretto255, bound to what the handshake said. Nobody is
 * authenticated by it. Who only listens does not know it; who relays from the first byte on does.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import sodium from 'libsodium-wrappers-sumo';
import { concatBytes } from '../core/bytes.js';
import { protocol } from '../core/span.js';
import type { Session } from '../session/session.js';
import { checkPoint, POINT_BYTES, SCALAR_SEED_BYTES, scalarOf } from './ot/base-ot-math.js';

const DOMAIN = new TextEncoder().encode('cipherprune/transcript-key/1');

/** → 32 secret bytes, equal at both parties if they saw the same handshake. One flight. `binding`: what both believe they agreed on. */
export const agreeTranscriptKey = protocol(
  'transcriptKey',
  async ({ self, channel, random }: Session, binding: Uint8Array): Promise<Uint8Array> => {
    await sodium.ready;
    const seed = random.bytes(SCALAR_SEED_BYTES);
    const scalar = scalarOf(seed);
    const own = sodium.crypto_scalarmult_ristretto255_base(scalar);
    channel.send(own);
    const peers = await channel.receive(POINT_BYTES);
    checkPoint(peers, 'a point of the peer');
    const shared = sodium.crypto_scalarmult_ristretto255(scalar, peers);
    const points = self === 'server' ? [own, peers] : [peers, own];
    const secret = sha256(concatBytes(DOMAIN, ...points, shared, binding));
    for (const bytes of [seed, scalar, shared]) bytes.fill(0);
    return secret;
  },
);
