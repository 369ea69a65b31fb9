/**
 * The client of three nodes: it embeds its texts, splits the rows into three, and adds up what the nodes answer. It computes
 * nothing else.
 */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { PublicPart } from '../../model/artifact/public-part.js';
import { createTokenizer, type Encoding, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { runBatch } from '../backends/batching/run-batch.js';
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { ProtocolError } from '../core/errors.js';
import type { Suite } from '../core/suite.js';
import { Prg } from '../crypto/prg.js';
import type { Answer } from '../engine/answer.js';
import type { Channel } from '../net/channel.js';
import { type Classification, classificationOf } from '../run/classification.js';
import { openedNames } from '../run/openings.js';
import { batchSizes, bucketOf, MAX_BATCH_TEXTS } from '../run/request.js';
import { type TextInput, type TextOrPair, textOrPair } from '../run/text-input.js';
import { createLeakList } from '../session/create-session.js';
import { NO_COST } from '../session/meter.js';
import type { LeakRecord } from '../session/session.js';
import { askNodes, ClientBackend } from './client-backend.js';
import { type Greeted, type GreetingOptions, greetNodes, type LoadedPublic } from './greet-nodes.js';
import { layerSpans } from './layer-costs.js';
import { bytesToHex } from '../core/bytes.js';
import { encodeRequest, ID_BYTES } from './messages.js';
import { transcriptChannel } from '../net/transcript.js';
import type { TextReport } from './report.js';

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

export interface NodesClientOptions extends GreetingOptions {
  /** What the nodes are to answer; probabilities unless given. The nodes compute what is asked. */
  readonly answer?: AnswerTerms | undefined;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: ((channel: Channel) => Channel) | undefined;
}

export class NodesClient {
  readonly #channels: readonly Channel[];
  readonly #loaded: LoadedPublic;
  readonly #options: NodesClientOptions;
  readonly #tokenizer: Tokenizer;
  readonly #suite: Suite;
  readonly #random = Prg.create();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    channels: readonly Channel[],
    options: NodesClientOptions,
    { loaded, suite }: Greeted,
    /** What the greeting took, with the public part where it was not here. */
    readonly setUp: ClientTraffic,
  ) {
    this.#loaded = loaded;
    this.#suite = suite;
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
      const begun = await greetNodes(greeted, options);
      try {
        return new NodesClient(channels.map(link), options, begun, setUp);
      } catch (error) {
        await begun.loaded.close?.();
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
      id: bytesToHex(this.#random.bytes(ID_BYTES)),
      answer: terms,
      suite: this.#suite,
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
    const { texts: reports, costs } = await backend.confirm();
    // The client's own: one message to each node, one back. Layers cost what they take among the nodes.
    const cost = { milliseconds: performance.now() - begin, ...traffic, rounds: 1 };
    const report = {
      name: 'text',
      layer: null,
      calls: texts.length,
      cost,
      peakMemoryBytes: 0,
      children: layerSpans(costs),
    };
    return texts.map(({ text, textPair, encoding, bucket }, index) =>
      classificationOf({
        text,
        textPair,
        tokens: encoding.ids.length,
        truncatedTokens: encoding.droppedTokens,
        bucket,
        model,
        result: { ...answers[index]!, layers: reports[index]!.layers },
        report,
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
