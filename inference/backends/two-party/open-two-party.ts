/** The two-party backend of one connection, and what it can make before texts come. */
import type { CotPair } from '../../crypto/ot/cot.js';
import type { Streams } from '../../net/streams.js';
import type { Session } from '../../session/session.js';
import { Ahead } from './ahead/ahead.js';
import { roundTrip } from './context/party-context.js';
import { Steps } from './context/steps.js';
import { Strands } from './context/strands.js';
import { Turns } from './context/turns.js';
import type { LinearProtocols } from './linear/linear-protocols.js';
import { TwoPartyBackend } from './two-party-backend.js';

export interface TwoPartyOptions {
  readonly session: Session;
  readonly cots: CotPair;
  /** How matrices are multiplied. */
  readonly linear: LinearProtocols;
  /** Streams over the session's channel (which is the first of them), for operations that run at the same time. */
  readonly streams?: Streams;
}

export interface TwoParty {
  readonly mpc: TwoPartyBackend;
  readonly material: Ahead;
}

export function openTwoParty({ session, cots, linear, streams }: TwoPartyOptions): TwoParty {
  const turns = new Turns();
  const steps = new Steps((step) => roundTrip(session, step));
  const material = new Ahead({ session, cots, steps }, linear, turns);
  const { party } = material;
  const strands = Strands.of({ party, linear }, streams);
  return {
    mpc: new TwoPartyBackend({ party, turns, linear, multiplications: material, strands }),
    material,
  };
}
