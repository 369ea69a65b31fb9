/** The server's side of one connection: handshake, set-up, then texts until the client says goodbye. */
import type { PrivateModel, PublicModel } from '../../model/artifact/artifact.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { type Agreement, type ServerTerms, serverHandshake } from '../net/handshake.js';
import { transcriptChannel } from '../net/transcript.js';
import { shareOf } from '../run/classification.js';
import type { OpenParty, Party } from '../run/party.js';
import { type Request, receiveRequest } from '../run/request.js';
import { createSession } from '../session/create-session.js';
import { type Cost, Meter, meteredChannel } from '../session/meter.js';
import { ServeAhead, type ServedPools } from './serve-ahead.js';

/** A model as a server holds it. */
export interface ServedModel {
  readonly terms: ServerTerms;
  readonly public: PublicModel;
  readonly private: PrivateModel;
}

export interface ServeConnectionOptions {
  readonly model: ServedModel;
  readonly open: OpenParty;
  /** Where clients' pools are kept over connections; absent: nowhere. */
  readonly pools?: ServedPools | null;
  /** After the handshake, before any cryptography: throws to turn the client away. */
  readonly onHandshake?: (agreement: Agreement) => void | Promise<void>;
  /** Keys are exchanged; requests may come. */
  readonly onReady?: () => void;
  /** A request is being worked on, until the next text is told of. */
  readonly onRequest?: () => void;
  /** After a text: true ends the connection, since the server wants to end. */
  readonly isLast?: () => boolean;
  /** Told after each text; the cost of one in a batch is its share (rounds: those of the run). */
  readonly onText: (text: {
    readonly bucket: number;
    readonly cost: Cost;
    /** Of material made ahead since the text before; in a batch with the first. */
    readonly ahead: Cost;
    readonly batchSize: number;
  }) => void;
}

type TextRequest = Extract<Request, { readonly kind: 'classify' | 'classify-batch' }>;

const bucketsOf = (request: TextRequest): readonly number[] =>
  request.kind === 'classify' ? [request.bucket] : request.buckets;

/** The server's part in one text, or in a batch of them. */
async function classify(party: Party, buckets: readonly number[]): Promise<Cost> {
  const meter = new Meter();
  await withSpan(meter.span, async () => {
    if (buckets.length === 1) await party.classify(null, buckets[0]!);
    else await party.classifyBatch(buckets.map((bucket) => ({ text: null, bucket })));
  });
  return meter.finish().cost;
}

/** Serves one client; resolves to the number of texts. Errors are the client's fault or ours: the caller logs them. */
export async function serveConnection(channel: Channel, options: ServeConnectionOptions): Promise<number> {
  const { model, open, onText } = options;
  const metered = meteredChannel(transcriptChannel(channel));
  const agreement = await serverHandshake(metered, model.terms, options.onHandshake);
  const session = createSession({ self: 'server', channel: metered, random: Prg.create() });
  const party = await open(session, model, agreement);
  options.onReady?.();
  const limitBytes = agreement.aheadMegabytes * 1e6;
  const ahead = new ServeAhead(metered, party.material ?? null, limitBytes, model.public, options.pools);
  for (let texts = 0; ; ) {
    const request = await receiveRequest(metered, model.public.maxTokens);
    if (request.kind === 'goodbye') return texts;
    options.onRequest?.();
    if (request.kind !== 'classify' && request.kind !== 'classify-batch') {
      if (request.kind === 'prepare') await ahead.prepare(request.demand);
      else await (request.kind === 'resume' ? ahead.resume(request) : ahead.keep(request));
      continue;
    }
    const buckets = bucketsOf(request);
    for (const _ of buckets) session.recordLeak('length-bucket', 'server');
    const cost = await classify(party, buckets);
    buckets.forEach((bucket, index) => {
      const { length: size } = buckets;
      onText({ bucket, cost: shareOf(cost, { index, size }), ahead: ahead.takeCost(), batchSize: size });
    });
    texts += buckets.length;
    if (options.isLast?.()) return texts;
  }
}
