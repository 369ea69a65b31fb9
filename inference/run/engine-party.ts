/** The real party: the engine over the two-party backend. */

import { setupLinear } from '../backends/two-party/linear/linear.js';
import { openTwoParty, type TwoParty } from '../backends/two-party/open-two-party.js';
import { span } from '../core/span.js';
import { type CotOptions, setupCots } from '../crypto/ot/setup-cots.js';
import { Streams } from '../net/streams.js';
import { transcriptChannel } from '../net/transcript.js';
import type { Session } from '../session/session.js';
import { openEngine } from './engine.js';
import type { OpenParty } from './party.js';

/** Base OTs, their extension in both directions, and the keys of the linear layers. Equal options at both parties. */
export async function setupTwoParty(connection: Session, options: CotOptions = {}): Promise<TwoParty> {
  const streams = new Streams(transcriptChannel(connection.channel));
  const session = { ...connection, channel: streams.stream(0) };
  const cots = await span('setup-cots', () => setupCots(session, options));
  const linear = await span('setup-linear', () => setupLinear(session));
  return openTwoParty({ session, cots, linear, streams });
}

export const openEngineParty: OpenParty = async (session, model, { cots, answer }) => {
  const { mpc, material } = await setupTwoParty(session, { extension: cots });
  return { ...(await openEngine(mpc, model, answer)), material };
};
