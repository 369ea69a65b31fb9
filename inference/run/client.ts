/** The client party: its texts never leave it but as shares. */
import type { PublicModel } from '../../model/artifact.js';
import type { PublicPart } from '../../model/artifact-file.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { type ClientTerms, clientHandshake } from '../net/handshake.js';
import { createSession, type RecordedSession } from '../session/create-session.js';
import { type Cost, Meter, meteredChannel, NO_COST } from '../session/meter.js';
import { type Classification, classificationOf } from './classification.js';
import type { OpenParty, Party } from './party.js';
import { bucketOf, sendRequest } from './request.js';

export interface ClientOptions {
  readonly terms: ClientTerms<PublicPart>;
  readonly open: OpenParty;
  /** Told when the server sent its public part, so that it can be kept. */
  readonly onPublicPart?: (digest: string, bytes: Uint8Array) => Promise<unknown>;
}

export class Client {
  /** What the set-up cost; reported with the first text, as made ahead. */
  #offline: Cost;

  private constructor(
    private readonly channel: Channel,
    private readonly session: RecordedSession,
    private readonly party: Party,
    readonly model: PublicModel,
    readonly tokenizer: Tokenizer,
    offline: Cost,
  ) {
    this.#offline = offline;
  }

  /** Handshake and set-up over an open connection. */
  static async open(channel: Channel, { terms, open, onPublicPart }: ClientOptions): Promise<Client> {
    const metered = meteredChannel(channel);
    const { part, sent } = await clientHandshake(metered, terms);
    if (sent) await onPublicPart?.(part.digest, sent);
    const { model } = part;
    const tokenizer = createTokenizer(model.tokenizerFiles);
    const session = createSession({ self: 'client', channel: metered, random: Prg.create() });
    const meter = new Meter();
    const party = await withSpan(meter.span, () => open(session, { public: model, private: null }));
    return new Client(metered, session, party, model, tokenizer, meter.finish().cost);
  }

  async classify(text: string, textPair: string | null): Promise<Classification> {
    const encoding = this.tokenizer.encode(text, textPair, this.model.maxTokens);
    if (encoding.textTokens === 0) throw new Error('the text is empty: it has no word pieces');
    const bucket = bucketOf(encoding.ids.length);
    const meter = new Meter();
    const result = await withSpan(meter.span, () => {
      sendRequest(this.channel, { kind: 'classify', bucket });
      this.session.recordLeak('length-bucket', 'server');
      return this.party.classify({ ids: encoding.ids, tokenTypes: encoding.tokenTypes }, bucket);
    });
    const offline = this.#offline;
    this.#offline = NO_COST;
    return classificationOf({
      text,
      textPair,
      tokens: encoding.ids.length,
      truncatedTokens: encoding.droppedTokens,
      bucket,
      model: this.model,
      result,
      report: meter.finish(),
      offline,
      leaks: this.session.takeLeaks(),
    });
  }

  /** Says goodbye and closes. */
  async close(): Promise<void> {
    try {
      sendRequest(this.channel, { kind: 'goodbye' });
    } finally {
      await this.channel.close();
    }
  }
}
