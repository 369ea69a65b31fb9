/** What a two-party protocol needs: who we are, the line to the peer, and correlated randomness. */
import type { CotPair } from '../../../crypto/ot/cot.js';
import type { Session } from '../../../session/session.js';

export interface PartyContext {
  readonly session: Session;
  readonly cots: CotPair;
}
