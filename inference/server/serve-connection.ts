/** The server's side of one connection: handshake, set-up, then texts until the client says goodbye. */
import type { PrivateModel, PublicModel } from '../../model/artifact/artifact.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import type { Agreement } from '../net/agreement.js';
import { type ServerTerms, serverHandshake, type WantedModel } from '../net/server-handshake.js';
import type { ResidentKey } from '../material/resident.js';
import { sendBegin, sendDeclined, sendRefused, sendWait, type Wait } from '../net/notice.js';
import { RefusedError, refusalOf } from '../net/refusal.js';
import { transcriptChannel } from '../net/transcript.js';
import { shareOf } from '../run/classification.js';
import type { OpenParty, Party } from '../run/party.js';
import { type Request, receiveRequest } from '../run/request.js';
import { createSession } from '../session/create-session.js';
import type { Session } from '../session/session.js';
import { type Cost, Meter, meteredChannel } from '../session/meter.js';
import { ServeAhead, type ServedPools } from './serve-ahead.js';

/** A model as a server holds it. */
export interface ServedModel {
  readonly terms: ServerTerms;
  readonly public: PublicModel;
  readonly private: PrivateModel;
  /** Where its clients' pools are kept over connections. */
  readonly pools?: ServedPools | null;
  /** Of weights that clients may keep, encrypted; absent: none. */
  readonly residentKey?: ResidentKey | null;
}

/** Tells a client that it waits. */
export type Tell = (wait: Wait) => void;

export interface ServeConnectionOptions {
  /** The model, or which one a client gets. @throws RefusedError where there is no such model */
  readonly model: ServedModel | ((wanted: WantedModel) => ServedModel);
  readonly open: OpenParty;
  /** Whose pools these are: a client's later connections may take them up. */
  readonly owner?: string;
  /** What both sides call this connection. */
  readonly connection?: string;
  /** Where clients' pools are kept over connections; absent: nowhere. */
  readonly pools?: ServedPools | null;
  /** Told why a client's pool could not be kept, or taken up again. */
  readonly onPoolLost?: (reason: string) => void;
  /** After the handshake, before any cryptography: throws to turn the client away, waits where there is no place yet. */
  readonly onHandshake?: (agreement: Agreement, tell: Tell, model: ServedModel) => void | Promise<void>;
  /** Keys are exchanged; requests may come. */
  readonly onReady?: () => void;
  /**
   * Before a run of so many texts (0: of material) waits its turn; returns what ends it.
   * @throws RefusedError, which the client is told; the connection goes on
   */
  readonly takeTurn?: (texts: number, tell: Tell) => Promise<() => void>;
  /** So many bytes of material are asked for, beside what there is. @throws RefusedError */
  readonly onMaterial?: (bytes: number) => void | Promise<void>;
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

/** One connection, set up. */
class Served {
  texts = 0;
  #hasSentWeights = false;

  constructor(
    private readonly channel: Channel,
    private readonly options: ServeConnectionOptions,
    private readonly party: Party,
    private readonly session: Session,
    private readonly ahead: ServeAhead,
    private readonly residentKey: ResidentKey | null,
  ) {}

  /** Whatever a client asks for between texts. A refusal is told, and the connection goes on. */
  async answer(request: Exclude<Request, { readonly kind: 'goodbye' }>): Promise<void> {
    const { takeTurn = async () => () => undefined } = this.options;
    const texts =
      request.kind === 'classify' || request.kind === 'classify-batch' ? bucketsOf(request).length : 0;
    let done = (): void => undefined;
    try {
      done = await takeTurn(texts, (wait) => sendWait(this.channel, wait));
      await this.#answer(request);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      sendRefused(this.channel, refusalOf(error));
    } finally {
      done();
    }
  }

  #answer(request: Exclude<Request, { readonly kind: 'goodbye' }>): Promise<void> {
    switch (request.kind) {
      case 'prepare':
        return this.ahead.prepare(request.demand, this.options.onMaterial);
      case 'resume':
        return this.ahead.resume(request);
      case 'keep':
        return this.ahead.keep(request);
      case 'resident':
        return this.#sendWeights(request.weights);
      default:
        return this.#classify(bucketsOf(request));
    }
  }

  /** Once a connection: encrypting a model is seconds of work. */
  async #sendWeights(count: number): Promise<void> {
    const { resident } = this.party;
    const { residentKey } = this;
    if (!resident || !residentKey || this.#hasSentWeights || count !== resident.count)
      return sendDeclined(this.channel);
    this.#hasSentWeights = true;
    sendBegin(this.channel);
    await resident.send(residentKey, async (bytes) => this.options.onMaterial?.(bytes));
  }

  async #classify(buckets: readonly number[]): Promise<void> {
    sendBegin(this.channel);
    for (const _ of buckets) this.session.recordLeak('length-bucket', 'server');
    const cost = await classify(this.party, buckets);
    buckets.forEach((bucket, index) => {
      const { length: size } = buckets;
      const ahead = this.ahead.takeCost();
      this.options.onText({ bucket, cost: shareOf(cost, { index, size }), ahead, batchSize: size });
    });
    this.texts += buckets.length;
  }
}

/** Serves one client; resolves to the number of texts. Errors are the client's fault or ours: the caller logs them. */
export async function serveConnection(channel: Channel, options: ServeConnectionOptions): Promise<number> {
  const { open, onHandshake, connection } = options;
  const metered = meteredChannel(transcriptChannel(channel));
  let model = typeof options.model === 'function' ? null : options.model;
  const agreement = await serverHandshake(
    metered,
    (wanted) => {
      model = typeof options.model === 'function' ? options.model(wanted) : options.model;
      return model.terms;
    },
    {
      admit: (agreed, tell) => onHandshake?.(agreed, tell, model!),
      ...(connection === undefined ? {} : { connection }),
    },
  );
  const served = model!;
  const session = createSession({ self: 'server', channel: metered, random: Prg.create() });
  const party = await open(session, served, agreement);
  options.onReady?.();
  const limitBytes = agreement.aheadMegabytes * 1e6;
  const pools = served.pools ?? options.pools;
  const ahead = new ServeAhead(
    metered,
    party.material ?? null,
    limitBytes,
    served.public,
    pools,
    options.owner,
    options.onPoolLost,
  );
  const client = new Served(metered, options, party, session, ahead, served.residentKey ?? null);
  for (;;) {
    const request = await receiveRequest(metered, served.public.maxTokens);
    if (request.kind === 'goodbye') return client.texts;
    await client.answer(request);
    if (options.isLast?.()) return client.texts;
  }
}
