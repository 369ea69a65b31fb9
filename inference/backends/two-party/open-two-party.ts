/** The two-party backend of one connection, and what it can make before texts come. */
import type { CotPair } from '../../crypto/ot/cot.js';
import type { Resident } from '../../material/resident.js';
import type { Session } from '../../session/session.js';
import { Ahead } from './ahead/ahead.js';
import { roundTrip } from './context/party-context.js';
import { Steps } from './context/steps.js';
import { Turns } from './context/turns.js';
import type { LinearProtocols } from './linear/linear-protocols.js';
import { TwoPartyBackend } from './two-party-backend.js';

export interface TwoPartyOptions {
  readonly session: Session;
  readonly cots: CotPair;
  /** How matrices are multiplied. */
  readonly linear: LinearProtocols;
}

export interface TwoParty {
  readonly mpc: TwoPartyBackend;
  readonly material: Ahead;
  readonly resident: Resident | undefined;
}

export function openTwoParty({ session, cots, linear }: TwoPartyOptions): TwoParty {
  const turns = new Turns();
  const steps = new Steps((step) => roundTrip(session, step));
  const products = linear.over?.({ session, cots, steps }) ?? linear;
  const material = new Ahead({ session, cots, steps }, products, turns);
  const mpc = new TwoPartyBackend({
    party: material.party,
    turns,
    linear: products,
    multiplications: material,
  });
  return { mpc, material, resident: products.resident };
}
