/** The real party: the engine over the two-party backend. */

import { type LinearOptions, setupLinear } from '../backends/two-party/linear/linear.js';
import { openTwoParty, type TwoParty } from '../backends/two-party/open-two-party.js';
import { DEFAULT_COTS } from '../core/cot-kind.js';
import { DEFAULT_LINE, type LineSpeed } from '../core/line-speed.js';
import { span } from '../core/span.js';
import { type CotOptions, setupCots } from '../crypto/ot/setup-cots.js';
import { costModels } from '../crypto/rlwe/packed-layout.js';
import { presetOfWidth, standardPreset } from '../crypto/rlwe/parameters.js';
import { agreeTranscriptKey } from '../crypto/transcript-key.js';
import { transcriptChannel } from '../net/transcript.js';
import type { Session } from '../session/session.js';
import { openEngine } from './engine.js';
import type { OpenParty } from './party.js';

export interface TwoPartySetup
  extends CotOptions,
    Pick<LinearOptions, 'residentRingBits' | 'mutual' | 'parameters'> {
  /** What the handshake said; the transcript's key depends on it. */
  readonly binding?: Uint8Array;
  /** By which ciphertexts are laid out; fast unless given. */
  readonly line?: LineSpeed;
}

/**
 * The transcript's key, base OTs, their extension in both directions, and the keys of the linear layers. Equal options at both
 * parties.
 */
export async function setupTwoParty(connection: Session, options: TwoPartySetup = {}): Promise<TwoParty> {
  const {
    binding = new Uint8Array(0),
    residentRingBits,
    parameters = standardPreset,
    mutual = true,
    line = DEFAULT_LINE,
    ...cotOptions
  } = options;
  const session = { ...connection, channel: transcriptChannel(connection.channel) };
  session.channel.transcript!.start(await agreeTranscriptKey(session, binding));
  const cots = await span('setup-cots', () => setupCots(session, cotOptions));
  const extension = cotOptions.extension ?? DEFAULT_COTS;
  const linear = await span('setup-linear', () =>
    setupLinear(session, {
      parameters,
      cost: costModels[line][extension],
      mutual,
      ...(cotOptions.suite ? { suite: cotOptions.suite } : {}),
      ...(residentRingBits ? { residentRingBits } : {}),
    }),
  );
  return openTwoParty({ session, cots, linear });
}

export const openEngineParty: OpenParty = async (
  session,
  model,
  { cots, answer, checks, suite, mutual, line, binding },
) => {
  const { mpc, material, resident } = await setupTwoParty(session, {
    extension: cots,
    checks,
    suite,
    mutual,
    line,
    binding,
    parameters: presetOfWidth(model.public.config.hiddenSize, line),
    residentRingBits: model.public.fixedPoint.ringBits,
  });
  return { ...(await openEngine(mpc, model, answer)), material, ...(resident ? { resident } : {}) };
};
