/** The server's side of one connection: handshake, set-up, then texts until the client says goodbye. */
import type { PrivateModel, PublicModel } from '../../model/artifact.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { type ServerTerms, serverHandshake } from '../net/handshake.js';
import { createSession } from '../session/create-session.js';
import { type Cost, Meter, meteredChannel } from '../session/meter.js';
import type { OpenParty } from './party.js';
import { receiveRequest } from './request.js';

/** A model as a server holds it. */
export interface ServedModel {
  readonly terms: ServerTerms;
  readonly public: PublicModel;
  readonly private: PrivateModel;
}

export interface ServeConnectionOptions {
  readonly model: ServedModel;
  readonly open: OpenParty;
  /** Told after each text. */
  readonly onText: (text: { readonly bucket: number; readonly cost: Cost }) => void;
}

/** Serves one client; resolves to the number of texts. Errors are the client's fault or ours: the caller logs them. */
export async function serveConnection(channel: Channel, options: ServeConnectionOptions): Promise<number> {
  const { model, open, onText } = options;
  const metered = meteredChannel(channel);
  await serverHandshake(metered, model.terms);
  const session = createSession({ self: 'server', channel: metered, random: Prg.create() });
  const party = await open(session, model);
  for (let texts = 0; ; texts++) {
    const request = await receiveRequest(metered, model.public.maxTokens);
    if (request.kind === 'goodbye') return texts;
    session.recordLeak('length-bucket', 'server');
    const meter = new Meter();
    await withSpan(meter.span, () => party.classify(null, request.bucket));
    onText({ bucket: request.bucket, cost: meter.finish().cost });
  }
}
