import { setupLinear } from '../../inference/backends/two-party/linear/linear.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { DEFAULT_LINE } from '../../inference/core/line-speed.js';
import { withSpan } from '../../inference/core/span.js';
import { agreeTranscriptKey } from '../../inference/crypto/transcript-key.js';
import { setupCots } from '../../inference/crypto/ot/setup-cots.js';
import { presetOfWidth } from '../../inference/crypto/rlwe/parameters.js';
import { Prg } from '../../inference/crypto/prg.js';
import { classify, type EngineResult } from '../../inference/engine/classify.js';
import { prepareModel } from '../../inference/engine/prepare.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { transcriptChannel } from '../../inference/net/transcript.js';
import { createSession } from '../../inference/session/create-session.js';
import { Meter, meteredChannel, type SpanReport } from '../../inference/session/meter.js';
import type { Artifact } from '../../model/artifact/artifact.js';
import { randomInput } from '../inference/engine/random-model.js';

/** A real run of one text, as the client's meter sees it. */
export async function measuredRun(
  artifact: Artifact,
  tokens: number,
  bucket: number,
): Promise<{ report: SpanReport; result: EngineResult }> {
  const channels = memoryChannelPair();
  const run = async (self: 'server' | 'client') => {
    const channel = meteredChannel(transcriptChannel(channels[self === 'server' ? 0 : 1]));
    const session = createSession({ self, channel, random: Prg.insecureForTests(self === 'server' ? 1 : 2) });
    channel.transcript!.start(await agreeTranscriptKey(session, new Uint8Array(0)));
    const cots = await setupCots(session);
    const parameters = presetOfWidth(artifact.public.config.hiddenSize, DEFAULT_LINE);
    const { mpc } = openTwoParty({ session, cots, linear: await setupLinear(session, { parameters }) });
    const secret = self === 'server' ? artifact.private : null;
    const model = await prepareModel(mpc, artifact.public, secret);
    const meter = new Meter();
    const input = self === 'client' ? randomInput(7, tokens) : null;
    const result = await withSpan(meter.span, () => classify(mpc, model, input, bucket));
    return { report: meter.finish(), result };
  };
  const [, client] = await Promise.all([run('server'), run('client')]);
  return client;
}
