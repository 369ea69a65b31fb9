/** The client party: its texts never leave it but as shares. */
import { CONTEXTS_FOLLOW_AWAITS } from '#context';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { PublicPart } from '../../model/artifact/public-part.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import type { AnswerTerms } from '../core/answer.js';
import { ProtocolError } from '../core/errors.js';
import { withSpan } from '../core/span.js';
import { Prg } from '../crypto/prg.js';
import type { Download, ResidentStore } from '../material/resident.js';
import type { Channel } from '../net/channel.js';
import { type AgreedModel, type ClientTerms, clientHandshake } from '../net/client-handshake.js';
import { receiveNotice, type Wait } from '../net/notice.js';
import { RefusedError } from '../net/refusal.js';
import { transcriptChannel } from '../net/transcript.js';
import type { Classification } from '../run/classification.js';
import type { OpenParty, Party } from '../run/party.js';
import { batchSizes, bucketOf, MAX_BATCH_TEXTS, sendRequest } from '../run/request.js';
import { type TextInput, type TextOrPair, textOrPair } from '../run/text-input.js';
import { createSession, type RecordedSession } from '../session/create-session.js';
import { checkOpenings, type Openings } from '../run/openings.js';
import { addCosts, type Cost, Meter, meteredChannel, NO_COST } from '../session/meter.js';
import { ClientAhead } from './client-ahead.js';
import { ClientRuns, type EncodedInput, type LayerProgress } from './client-runs.js';
import { LineNote } from './line-note.js';
import { Turns } from './turns.js';
import { type Expected, Warmer } from './warm.js';

/** Texts of a batch, where what runs at the same time is told apart. */
const MOST_TEXTS = CONTEXTS_FOLLOW_AWAITS ? MAX_BATCH_TEXTS : 1;

export interface ClientOptions {
  /** The most that the model may open beside the answer. */
  readonly opens: Openings;
  /** What splits texts; our own code unless given. */
  readonly openTokenizer?: ((model: PublicModel) => Promise<Tokenizer>) | undefined;
  readonly terms: ClientTerms<PublicPart>;
  readonly open: OpenParty;
  /** Bytes a millisecond at which messages leave, where that is known. */
  readonly lineRate?: () => number | null;
  /** Told when the server sent its public part, so that it can be kept. */
  readonly onPublicPart?: (digest: string, bytes: Uint8Array) => Promise<unknown>;
  /** Told where this client stands as long as the server has it wait, for a place or for its turn. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Told, once each, what a user should know of material that cannot be made or kept. */
  readonly onNote?: ((line: string) => void) | undefined;
}

type ClientTold = Pick<ClientOptions, 'onNote' | 'onWait' | 'lineRate'>;

export interface CallOptions {
  /** Ends the call. If it has begun, the connection ends with it, since the server is in the middle of the same run. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each layer when it is done; of texts in a batch, each by itself. */
  readonly onLayer?: ((layer: LayerProgress) => void) | undefined;
}

/** Calls run one after another, in the order in which they were made; material is made between them. */
export class Client implements AsyncDisposable {
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
  /** What the server calls this connection, in its log. */
  readonly connection: string;
  /** By which the server knows the model; null where it has but one. */
  readonly modelName: string | null;
  /** Runs before a connection ends that nothing has broken. */
  beforeClose: () => Promise<void> = async () => undefined;
  readonly #warmer: Warmer;
  readonly #runs: ClientRuns;
  readonly #turns = new Turns();
  readonly #onWait: (wait: Wait) => void;
  #closing: Promise<void> | null = null;

  private constructor(
    private readonly channel: Channel,
    readonly session: RecordedSession,
    private readonly party: Party,
    readonly model: PublicModel,
    readonly tokenizer: Tokenizer,
    offline: Cost,
    { aheadMegabytes, answer, part, connection, modelName }: Omit<AgreedModel<PublicPart>, 'sent'>,
    { onNote = () => undefined, lineRate = () => null, onWait = () => undefined }: ClientTold,
  ) {
    this.digest = part.digest;
    this.commitment = part.commitment;
    this.answer = answer;
    this.connection = connection;
    this.modelName = modelName;
    this.#offline = offline;
    this.#onWait = onWait;
    const { material } = party;
    const limitBytes = aheadMegabytes * 1e6;
    this.ahead = material && limitBytes > 0 ? new ClientAhead(channel, material, limitBytes, onWait) : null;
    this.#warmer = new Warmer(this, onNote);
    const lineNote = new LineNote({ model, answer, lineRate, onNote });
    const takeOffline = () => this.#takeOffline();
    const { ahead } = this;
    this.#runs = new ClientRuns({
      channel,
      session,
      party,
      model,
      answer,
      connection,
      ahead,
      lineNote,
      onWait,
      takeOffline,
    });
  }

  /** Handshake and set-up over an open connection. */
  static async open(channel: Channel, options: ClientOptions): Promise<Client> {
    const { terms, open, onPublicPart, onWait, opens } = options;
    const metered = meteredChannel(transcriptChannel(channel));
    const { part, sent, ...agreement } = await clientHandshake(metered, {
      ...terms,
      ...(onWait ? { onWait } : {}),
    });
    if (sent) await onPublicPart?.(part.digest, sent);
    const { model } = part;
    checkOpenings(model, opens);
    const tokenizer = options.openTokenizer
      ? await options.openTokenizer(model)
      : createTokenizer(model.tokenizerFiles, model.config);
    const session = createSession({ self: 'client', channel: metered, random: Prg.create() });
    const meter = new Meter();
    const party = await withSpan(meter.span, () =>
      open(session, { public: model, private: null }, agreement),
    );
    const { cost } = meter.finish();
    return new Client(metered, session, party, model, tokenizer, cost, { ...agreement, part }, options);
  }

  /** One text or pair. Throws ProtocolError for what the server does. */
  async classify(input: TextInput, options?: CallOptions): Promise<Classification> {
    const [classification] = await this.classifyBatch([input], options);
    return classification!;
  }

  /** Several texts in as few protocol runs as their lengths allow, rounds shared; results in order. */
  async classifyBatch(
    inputs: readonly TextInput[],
    { signal, onLayer }: CallOptions = {},
  ): Promise<Classification[]> {
    const encoded = inputs.map((input) => this.#encode(textOrPair(input)));
    const buckets = encoded.map(({ bucket }) => bucket);
    return this.#inTurn(signal, async () => {
      const results: Classification[] = [];
      for (const size of batchSizes(buckets, MOST_TEXTS, this.model.maxTokens)) {
        const batch = encoded.slice(results.length, results.length + size);
        results.push(...(await this.#runs.run(batch, onLayer)));
      }
      return results;
    });
  }

  /** Makes material for so many texts to come, as far as the server keeps it; what it costs is reported with the next text. */
  prepare(texts: number, { signal, ...expected }: Expected & CallOptions = {}): Promise<void> {
    return this.#inTurn(signal, () => this.#warmer.fill(texts, expected));
  }

  /**
   * Gets the model's weights, encrypted under a key of the server's, as far as the store lacks them: linear layers then take one
   * message and a third of the bytes. False if the server does not offer it. What it costs is reported with the next text.
   * @throws RefusedError where the server does not send that much, and texts may follow; ResidentWeightsError where memory or disk lacks
   */
  async keepWeights(
    store: ResidentStore,
    {
      signal,
      onDownload = () => undefined,
    }: CallOptions & { onDownload?: (download: Download) => void } = {},
  ): Promise<boolean> {
    const outcome = await this.#inTurn(signal, async () => {
      const { resident } = this.party;
      if (!resident) return false;
      const meter = new Meter();
      const isKept = await withSpan(meter.span, async () => {
        sendRequest(this.channel, { kind: 'resident', weights: resident.count });
        if (!(await receiveNotice(this.channel, this.#onWait))) return false;
        await resident.receive(this.digest, store, onDownload);
        return true;
      }).catch((error: Error) => {
        if (error instanceof RefusedError) return error;
        throw error;
      });
      this.#offline = addCosts(this.#offline, meter.finish().cost);
      return isKept;
    });
    if (outcome instanceof RefusedError) throw outcome;
    return outcome;
  }

  /** Padded length of a text. */
  bucketOf(input: TextInput): number {
    return this.#encode(textOrPair(input)).bucket;
  }

  /** Waits for calls that were made, says goodbye and closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      if (await this.#turns.settled()) {
        await this.beforeClose();
        this.#sayGoodbye();
      }
    } finally {
      await this.channel.close();
    }
  }

  /** A server that has left needs none. */
  #sayGoodbye(): void {
    try {
      sendRequest(this.channel, { kind: 'goodbye' });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  #inTurn<T>(signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> {
    return this.#turns.run(body, { signal, onAbort: () => void this.channel.close() });
  }

  #encode({ text, textPair }: TextOrPair): EncodedInput {
    const encoding = this.tokenizer.encode(text, textPair, this.model.maxTokens);
    return { text, textPair, encoding, bucket: bucketOf(encoding.ids.length) };
  }

  #takeOffline(): Cost {
    const offline = addCosts(this.#offline, this.ahead?.takeCost() ?? NO_COST);
    this.#offline = NO_COST;
    return offline;
  }
}
