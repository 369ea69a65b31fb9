/** The client party: its texts never leave it but as shares. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { PublicPart } from '../../model/artifact/artifact-file.js';
import { createTokenizer, type Encoding, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import type { AnswerTerms } from '../core/answer.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { type Agreement, type ClientTerms, clientHandshake } from '../net/handshake.js';
import { type Classification, classificationOf } from '../run/classification.js';
import type { OpenParty, Party } from '../run/party.js';
import { batchSizes, bucketOf, MAX_BATCH_TEXTS, sendRequest } from '../run/request.js';
import { createLeakList, createSession, type RecordedSession } from '../session/create-session.js';
import { addCosts, type Cost, Meter, meteredChannel, NO_COST } from '../session/meter.js';
import { ClientAhead } from './client-ahead.js';

export interface ClientOptions {
  readonly terms: ClientTerms<PublicPart>;
  readonly open: OpenParty;
  /** Told when the server sent its public part, so that it can be kept. */
  readonly onPublicPart?: (digest: string, bytes: Uint8Array) => Promise<unknown>;
}

export interface TextOrPair {
  readonly text: string;
  readonly textPair: string | null;
}

interface EncodedInput extends TextOrPair {
  readonly encoding: Encoding;
  readonly bucket: number;
}

export class Client {
  /** What the set-up cost; reported with the first text, as made ahead. */
  #offline: Cost;
  /** Of the model's public part. */
  readonly digest: string;
  /** Of the public part to the server's weights; null in artifacts of older versions. */
  readonly commitment: string | null;
  /** What the server gives. */
  readonly answer: AnswerTerms;
  /** Material for texts to come; null if this party or the server makes none. */
  readonly ahead: ClientAhead | null;

  private constructor(
    private readonly channel: Channel,
    private readonly session: RecordedSession,
    private readonly party: Party,
    readonly model: PublicModel,
    readonly tokenizer: Tokenizer,
    offline: Cost,
    { aheadMegabytes, answer, part }: Agreement & { readonly part: PublicPart },
  ) {
    this.digest = part.digest;
    this.commitment = part.commitment;
    this.answer = answer;
    this.#offline = offline;
    const { material } = party;
    this.ahead =
      material && aheadMegabytes > 0 ? new ClientAhead(channel, material, aheadMegabytes * 1e6) : null;
  }

  /** Handshake and set-up over an open connection. */
  static async open(channel: Channel, { terms, open, onPublicPart }: ClientOptions): Promise<Client> {
    const metered = meteredChannel(channel);
    const { part, sent, ...agreement } = await clientHandshake(metered, terms);
    if (sent) await onPublicPart?.(part.digest, sent);
    const { model } = part;
    const tokenizer = createTokenizer(model.tokenizerFiles);
    const session = createSession({ self: 'client', channel: metered, random: Prg.create() });
    const meter = new Meter();
    const party = await withSpan(meter.span, () =>
      open(session, { public: model, private: null }, agreement),
    );
    const { cost } = meter.finish();
    return new Client(metered, session, party, model, tokenizer, cost, {
      ...agreement,
      part,
    });
  }

  async classify(text: string, textPair: string | null): Promise<Classification> {
    const { encoding, bucket } = this.#encode({ text, textPair });
    this.ahead?.beginTexts();
    const meter = new Meter();
    const result = await withSpan(meter.span, () => {
      sendRequest(this.channel, { kind: 'classify', bucket });
      this.session.recordLeak('length-bucket', 'server');
      return this.party.classify({ ids: encoding.ids, tokenTypes: encoding.tokenTypes }, bucket);
    });
    this.ahead?.endTexts(1);
    return classificationOf({
      text,
      textPair,
      tokens: encoding.ids.length,
      truncatedTokens: encoding.droppedTokens,
      bucket,
      model: this.model,
      result,
      report: meter.finish(),
      offline: this.#takeOffline(),
      leaks: this.session.takeLeaks(),
      answer: this.answer,
    });
  }

  /** Several texts in as few protocol runs as their lengths allow, rounds shared; results in order. */
  async classifyBatch(texts: readonly TextOrPair[]): Promise<Classification[]> {
    const inputs = texts.map((text) => this.#encode(text));
    const results: Classification[] = [];
    const buckets = inputs.map(({ bucket }) => bucket);
    for (const size of batchSizes(buckets, MAX_BATCH_TEXTS, this.model.maxTokens)) {
      const batch = inputs.slice(results.length, results.length + size);
      if (size > 1) results.push(...(await this.#runBatch(batch)));
      else results.push(await this.classify(batch[0]!.text, batch[0]!.textPair));
    }
    return results;
  }

  async #runBatch(inputs: readonly EncodedInput[]): Promise<Classification[]> {
    const leaks = inputs.map(() => createLeakList('client'));
    this.ahead?.beginTexts();
    const meter = new Meter();
    const results = await withSpan(meter.span, () => {
      sendRequest(this.channel, { kind: 'classify-batch', buckets: inputs.map(({ bucket }) => bucket) });
      for (const list of leaks) list.recordLeak('length-bucket', 'server');
      return this.party.classifyBatch(
        inputs.map(({ encoding, bucket }) => ({ text: encoding, bucket })),
        (lane, name, to) => leaks[lane]!.recordLeak(name, to),
      );
    });
    this.ahead?.endTexts(inputs.length);
    this.session.takeLeaks(); // merged openings: the lists have each text's own
    const report = meter.finish();
    return inputs.map(({ text, textPair, encoding, bucket }, index) =>
      classificationOf({
        text,
        textPair,
        tokens: encoding.ids.length,
        truncatedTokens: encoding.droppedTokens,
        bucket,
        model: this.model,
        result: results[index]!,
        report,
        offline: this.#takeOffline(),
        leaks: leaks[index]!.takeLeaks(),
        answer: this.answer,
        place: { index, size: inputs.length },
      }),
    );
  }

  /** Padded length of a text. */
  bucketOf(text: TextOrPair): number {
    return this.#encode(text).bucket;
  }

  #encode({ text, textPair }: TextOrPair): EncodedInput {
    const encoding = this.tokenizer.encode(text, textPair, this.model.maxTokens);
    if (encoding.textTokens === 0) throw new Error('the text is empty: it has no word pieces');
    return { text, textPair, encoding, bucket: bucketOf(encoding.ids.length) };
  }

  #takeOffline(): Cost {
    const offline = addCosts(this.#offline, this.ahead?.takeCost() ?? NO_COST);
    this.#offline = NO_COST;
    return offline;
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
