/**
 * The client of three nodes: it embeds its texts, splits the rows into three, and adds up what the nodes answer. It computes
 * nothing else.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { maxPublicBytes, parsePublicPart, type PublicPart } from '../../model/artifact/public-part.js';
import { createTokenizer, type Encoding, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { runBatch } from '../backends/batching/run-batch.js';
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { ProtocolError } from '../core/errors.js';
import { Prg } from '../crypto/prg.js';
import type { Answer } from '../engine/answer.js';
import type { Channel } from '../net/channel.js';
import { type Classification, classificationOf } from '../run/classification.js';
import { checkOpenings, type Openings, openedNames } from '../run/openings.js';
import { batchSizes, bucketOf, MAX_BATCH_TEXTS } from '../run/request.js';
import { type TextInput, type TextOrPair, textOrPair } from '../run/text-input.js';
import { createLeakList } from '../session/create-session.js';
import { NO_COST } from '../session/meter.js';
import type { LeakRecord } from '../session/session.js';
import { askNodes, ClientBackend } from './client-backend.js';
import { encodeRequest, hexOf, ID_BYTES, type NodeHello, receiveHello, sendOpening } from './messages.js';
import { transcriptChannel } from '../net/transcript.js';
import type { TextReport } from './report.js';

/** Of a public part on its way. */
const PIECE_BYTES = 1 << 16;

interface EncodedInput extends TextOrPair {
  readonly encoding: Encoding;
  readonly bucket: number;
}

/** Of all links. */
export interface ClientTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Counts what a text, or the greeting, takes. */
const counted = (channel: Channel, traffic: { sentBytes: number; receivedBytes: number }): Channel => ({
  send: (bytes) => {
    traffic.sentBytes += bytes.length;
    channel.send(bytes);
  },
  receive: (byteLength) => {
    traffic.receivedBytes += byteLength;
    return channel.receive(byteLength);
  },
  close: () => channel.close(),
  transcript: channel.transcript,
});

/** A public part, and what a text's words are in it. */
export interface LoadedPublic {
  readonly part: PublicPart;
  /** The model with at least the rows of these words, and their numbers there; absent where the model has all. */
  wordsOf?(ids: readonly number[]): Promise<{ readonly model: PublicModel; readonly ids: readonly number[] }>;
  close?(): Promise<void>;
}

/** What node 0 has, and all three vouch for. */
export interface OfferedPublic {
  /** Hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
  /** Has it sent, in pieces. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Where a public part comes from: the offer, or what is here already. Its digest is checked by whoever asked. */
export type LoadPublic = (offer: OfferedPublic) => Promise<LoadedPublic>;

const loadWhole: LoadPublic = async ({ bytes, pieces }) => {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of pieces()) {
    whole.set(piece, at);
    at += piece.length;
  }
  return { part: parsePublicPart(whole) };
};

export interface NodesClientOptions {
  /** Where the public part is kept; in memory unless given. */
  readonly loadPublic?: LoadPublic | undefined;
  /** What the nodes are to answer; probabilities unless given. The nodes compute what is asked. */
  readonly answer?: AnswerTerms | undefined;
  /** The most that the model may open to the nodes; counts unless given. */
  readonly opens?: Openings | undefined;
  /** Accept only a model whose public part has this digest. */
  readonly modelDigest?: string | undefined;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: ((channel: Channel) => Channel) | undefined;
}

export class NodesClient {
  readonly #channels: readonly Channel[];
  readonly #loaded: LoadedPublic;
  readonly #options: NodesClientOptions;
  readonly #tokenizer: Tokenizer;
  readonly #random = Prg.create();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    channels: readonly Channel[],
    options: NodesClientOptions,
    loaded: LoadedPublic,
    /** What the greeting took, with the public part where it was not here. */
    readonly setUp: ClientTraffic,
  ) {
    this.#loaded = loaded;
    this.#channels = channels;
    this.#options = options;
    const { tokenizerFiles, config } = loaded.part.model;
    this.#tokenizer = createTokenizer(tokenizerFiles, config);
  }

  /**
   * Over open channels to nodes 0, 1 and 2, which the client closes, here too if this fails.
   * @throws ProtocolError unless they are the three nodes of one sharing, with the model that is expected; OpensMoreError
   */
  static async open(links: readonly Channel[], options: NodesClientOptions = {}): Promise<NodesClient> {
    const { link = (channel: Channel) => channel } = options;
    const channels = links.map(transcriptChannel);
    try {
      const setUp = { sentBytes: 0, receivedBytes: 0 };
      const greeted = channels.map((channel) => counted(channel, setUp));
      const loaded = await receivePublicPart(greeted, options.loadPublic ?? loadWhole);
      try {
        checkModel(loaded.part, options);
        return new NodesClient(channels.map(link), options, loaded, setUp);
      } catch (error) {
        await loaded.close?.();
        throw error;
      }
    } catch (error) {
      await Promise.all(channels.map((channel) => channel.close()));
      throw error;
    }
  }

  get publicPart(): PublicPart {
    return this.#loaded.part;
  }

  get model(): PublicModel {
    return this.publicPart.model;
  }

  #encode({ text, textPair }: TextOrPair): EncodedInput {
    const encoding = this.#tokenizer.encode(text, textPair, this.model.maxTokens);
    return { text, textPair, encoding, bucket: bucketOf(encoding.ids.length) };
  }

  /** Padded length of a text. */
  bucketOf(input: TextInput): number {
    return this.#encode(textOrPair(input)).bucket;
  }

  /** Nodes make nothing ahead. */
  async prepare(): Promise<void> {}

  async classify(text: TextInput): Promise<Classification> {
    const [classification] = await this.classifyBatch([text]);
    return classification!;
  }

  /** Several texts in as few runs as their lengths allow, rounds shared; results in order. A call waits for those before it. */
  classifyBatch(inputs: readonly TextInput[]): Promise<Classification[]> {
    const results = this.#last.then(() => this.#classifyAll(inputs));
    this.#last = results.catch(() => undefined);
    return results;
  }

  async #classifyAll(inputs: readonly TextInput[]): Promise<Classification[]> {
    const encoded = inputs.map((input) => this.#encode(textOrPair(input)));
    const buckets = encoded.map(({ bucket }) => bucket);
    const results: Classification[] = [];
    for (const size of batchSizes(buckets, MAX_BATCH_TEXTS, this.model.maxTokens))
      results.push(...(await this.#run(encoded.slice(results.length, results.length + size))));
    return results;
  }

  /** One request: a text, or several that share their rounds. */
  async #run(texts: readonly EncodedInput[]): Promise<Classification[]> {
    const { model } = this;
    const terms = this.#options.answer ?? DEFAULT_ANSWER;
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    const channels = this.#channels.map((channel) => counted(channel, traffic));
    const begin = performance.now();
    const request = {
      id: hexOf(this.#random.bytes(ID_BYTES)),
      answer: terms,
      buckets: texts.map(({ bucket }) => bucket),
    };
    for (const channel of channels) channel.send(encodeRequest(request));
    const lists = texts.map(() => createLeakList('client'));
    const alone = texts.length === 1;
    const { recordLeak } = alone ? lists[0]! : createLeakList('client');
    const backend = new ClientBackend(channels, this.#random, request, model.config.layers, recordLeak);
    const words = await Promise.all(
      texts.map(async ({ encoding: { ids } }) => (await this.#loaded.wordsOf?.(ids)) ?? { model, ids }),
    );
    const ask = (mpc: Parameters<typeof askNodes>[0], i: number) => {
      const { bucket, encoding } = texts[i]!;
      const { model: own, ids } = words[i]!;
      return askNodes(mpc, own, { ids, tokenTypes: encoding.tokenTypes }, { bucket, terms });
    };
    const answers: readonly Answer[] = alone
      ? [await ask(backend, 0)]
      : await runBatch(
          backend,
          texts.length,
          (lane, i) => ask(lane, i),
          (lane, name, to) => lists[lane]!.recordLeak(name, to),
        );
    const reports = await backend.confirm();
    // One message to each node, one back.
    const cost = { milliseconds: performance.now() - begin, ...traffic, rounds: 1 };
    return texts.map(({ text, textPair, encoding, bucket }, index) =>
      classificationOf({
        text,
        textPair,
        tokens: encoding.ids.length,
        truncatedTokens: encoding.droppedTokens,
        bucket,
        model,
        result: { ...answers[index]!, layers: reports[index]!.layers },
        report: { name: 'text', layer: null, calls: texts.length, cost, peakMemoryBytes: 0, children: [] },
        offline: NO_COST,
        leaks: [
          { name: 'length-bucket', to: 'all', count: 1 },
          ...openedToNodes(model, reports[index]!),
          ...lists[index]!.takeLeaks(),
        ],
        answer: terms,
        place: { index, size: texts.length },
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
    await this.#loaded.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What the nodes say was opened to them. @throws ProtocolError if the model declares less */
function openedToNodes(model: PublicModel, { leaks }: TextReport): readonly LeakRecord[] {
  const declared = openedNames(model);
  for (const { name, to } of leaks)
    if (to !== 'all' || !declared.includes(name))
      throw new ProtocolError(`nodes: expected openings that the model declares, got ${name} to ${to}`);
  return leaks;
}

/** Greets the nodes. @throws ProtocolError unless they are the three of one sharing, in their order, with one model */
async function receivePublicPart(channels: readonly Channel[], load: LoadPublic): Promise<LoadedPublic> {
  for (const channel of channels) sendOpening(channel, 'client');
  const hellos = await Promise.all(channels.map(receiveHello));
  const [{ sharing, publicDigest: digest, publicBytes: bytes }] = hellos as [NodeHello];
  for (const [place, hello] of hellos.entries()) {
    if (hello.sharing !== sharing || hello.node !== place)
      throw new ProtocolError(
        `expected nodes 0, 1 and 2 of one sharing in this order, got node ${hello.node} of ${hello.sharing} at place ${place}`,
      );
    if (hello.publicDigest !== digest)
      throw new ProtocolError(`node ${place}: expected the model ${digest}, got ${hello.publicDigest}`);
  }
  if (bytes > maxPublicBytes)
    throw new ProtocolError(
      `node 0: expected a public part of at most ${maxPublicBytes} bytes, got ${bytes}`,
    );
  const first = channels[0]!;
  let isSent = false;
  const loaded = await load({
    digest,
    bytes,
    async *pieces() {
      isSent = true;
      first.send(Uint8Array.of(1));
      for (let left = bytes; left > 0; left -= Math.min(left, PIECE_BYTES))
        yield first.receive(Math.min(left, PIECE_BYTES));
    },
  });
  try {
    for (const [node, channel] of channels.entries()) if (node > 0 || !isSent) channel.send(Uint8Array.of(0));
    if (loaded.part.digest === digest) return loaded;
    throw new ProtocolError(`nodes: expected the model ${digest}, got ${loaded.part.digest}`);
  } catch (error) {
    await loaded.close?.();
    throw error;
  }
}

function checkModel(
  { digest, model }: PublicPart,
  { modelDigest, opens = 'counts' }: NodesClientOptions,
): void {
  if (modelDigest !== undefined && modelDigest !== digest)
    throw new ProtocolError(`nodes: expected the model ${modelDigest}, got ${digest}`);
  checkOpenings(model, opens);
}
