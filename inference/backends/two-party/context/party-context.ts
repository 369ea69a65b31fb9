/** What a two-party protocol needs: who we are, the line to the peer, and correlated randomness. */
import type { CotPair } from '../../../crypto/ot/cot.js';
import { pipelined } from '../../../net/channel.js';
import type { Session } from '../../../session/session.js';
import { partsOf, perform, type Step, type Steps } from './steps.js';

export interface PartyContext {
  readonly session: Session;
  readonly cots: CotPair;
  /** Where protocols may run side by side. */
  readonly steps?: Steps;
}

/** A step that stands alone. */
export const roundTrip = ({ channel }: Session, step: Step): Promise<void> =>
  pipelined(channel, () => perform(partsOf(step), () => channel.flush?.()));

/** At once, or with the steps of what runs side by side. */
export const runStep = (
  { session, steps }: Pick<PartyContext, 'session' | 'steps'>,
  step: Step,
): Promise<void> => (steps ? steps.run(step) : roundTrip(session, step));
