/**
 * The client of three nodes: it embeds its text, splits the rows into three, and adds up what the nodes answer. It runs the
 * engine's program on shapes alone, so that it knows what to share and what the answer means; it computes nothing else.
 */
import { kernels } from '#kernels';
import type { PublicModel } from '../../model/artifact/artifact.js';
import { parsePublicPart, type PublicPart } from '../../model/artifact/artifact-file.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import type { LeakName } from '../backends/backend.js';
import { commonWords, receiveWords, sendWords } from '../backends/three-party/node.js';
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { ProtocolError } from '../core/errors.js';
import { sizeOf } from '../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedTensor } from '../core/tensors.js';
import { CountingBackend } from '../cost/counting-backend.js';
import { Prg } from '../crypto/prg.js';
import { classify } from '../engine/classify.js';
import { prepareModel } from '../engine/prepare.js';
import type { Channel } from '../net/channel.js';
import { type Classification, classificationOf } from '../run/classification.js';
import { bucketOf } from '../run/request.js';
import { type TextInput, textOrPair } from '../run/text-input.js';
import { createLeakList } from '../session/create-session.js';
import { NO_COST } from '../session/meter.js';
import {
  encodeRequest,
  expectSuccess,
  hexOf,
  ID_BYTES,
  SEED_BYTES,
  sendOpening,
  type TextRequest,
  transcriptSecret,
} from './messages.js';
import { confirmOpened, confirmPlace, transcriptChannel } from '../net/transcript.js';
import { type Address, type Certificates, checkPlain, connectLink } from './links.js';

const NODES = [0, 1, 2] as const;

/** The client's side of a run: shapes, but for what it shares and what is opened to it. */
class ClientBackend extends CountingBackend {
  readonly outsourced = true;
  readonly #nodes: readonly Channel[];
  readonly #first: Prg;
  readonly #second: Prg;
  readonly #recordLeak: (name: LeakName, to: PartyId | 'all') => void;
  #answered: Promise<unknown> | null = null;

  constructor(
    nodes: readonly Channel[],
    random: Prg,
    request: TextRequest,
    recordLeak: (name: LeakName, to: PartyId | 'all') => void,
  ) {
    super(() => 0);
    this.#nodes = nodes;
    this.#recordLeak = recordLeak;
    for (const node of nodes) {
      const key = random.bytes(SEED_BYTES);
      node.send(key);
      node.transcript!.start(transcriptSecret(key, request));
    }
    const [first, second] = [random.bytes(SEED_BYTES), random.bytes(SEED_BYTES)];
    nodes[0]!.send(Uint8Array.of(...first, ...second));
    nodes[1]!.send(second);
    nodes[2]!.send(first);
    this.#first = Prg.fromSecretSeed(first);
    this.#second = Prg.fromSecretSeed(second);
  }

  /** Components 0 and 1 are the seeds'; component 2 goes to nodes 1 and 2. */
  override async share(x: PrivateTensor): Promise<SharedTensor> {
    if (x.owner === 'client') {
      const { ringBits, value } = x;
      const rest = value!.data.slice();
      for (const prg of [this.#first, this.#second])
        kernels.ringSubtract(rest, commonWords(prg, rest.length, ringBits), ringBits, rest);
      for (const node of [1, 2]) sendWords(this.#nodes[node]!, rest, ringBits);
    }
    return super.share(x);
  }

  /** All is shared: the nodes compare what came with these words, and answer. */
  async #hearAnswers(): Promise<void> {
    for (const node of this.#nodes) confirmPlace(node, 'client');
    await Promise.all(NODES.map((node) => expectSuccess(this.#nodes[node]!, node)));
  }

  /** After all that is opened to the client. @throws ProtocolError if it is not what the nodes sent */
  async confirm(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => confirmOpened(node, 'client')));
  }

  override async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    this.#recordLeak(leak, to);
    if (to !== 'client') return super.reveal(x, to, leak);
    this.#answered ??= this.#hearAnswers();
    await this.#answered;
    const { shape, ringBits, fractionBits } = x;
    const sum = new BigUint64Array(sizeOf(shape));
    const parts = await Promise.all(this.#nodes.map((node) => receiveWords(node, sum.length, ringBits)));
    for (const part of parts) kernels.ringAdd(sum, part, ringBits, sum);
    return { shape, ringBits, fractionBits, data: sum };
  }

  override async revealBits(
    ...[bits, to, leak]: Parameters<CountingBackend['revealBits']>
  ): Promise<Uint8Array | null> {
    if (to !== 'client') {
      this.#recordLeak(leak, to);
      return super.revealBits(bits, to, leak);
    }
    const opened = await this.reveal(
      { kind: 'arithmetic', shape: bits.shape, ringBits: 1, fractionBits: 0 },
      to,
      leak,
    );
    const out = new Uint8Array(opened!.data.length);
    kernels.ringSignBit(opened!.data, 1, out);
    return out;
  }
}

/** Counts what a text takes on all links. */
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

export interface NodesClientOptions {
  readonly nodes: readonly [Address, Address, Address];
  readonly timeoutMilliseconds: number;
  /** The authority that signed the nodes' certificates; null for plain TCP, which may leave the machine with `insecurePlain` only. */
  readonly certificates?: Certificates | null;
  readonly insecurePlain?: boolean;
  /** What the nodes are to answer; probabilities unless given. The nodes compute what is asked. */
  readonly answer?: AnswerTerms;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: (channel: Channel) => Channel;
}

export class NodesClient {
  readonly #channels: readonly Channel[];
  readonly #options: NodesClientOptions;
  readonly #tokenizer: Tokenizer;
  readonly #random = Prg.create();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    channels: readonly Channel[],
    options: NodesClientOptions,
    readonly publicPart: PublicPart,
  ) {
    this.#channels = channels;
    this.#options = options;
    this.#tokenizer = createTokenizer(publicPart.model.tokenizerFiles, publicPart.model.config);
  }

  /** @throws ProtocolError unless the three are nodes 0, 1 and 2 of one sharing */
  static async connect(options: NodesClientOptions): Promise<NodesClient> {
    checkPlain(options.nodes, options.certificates ?? null, options.insecurePlain ?? false);
    const channels: Channel[] = [];
    try {
      for (const address of options.nodes)
        channels.push(
          transcriptChannel(
            await connectLink(address, options.certificates ?? null, options.timeoutMilliseconds),
          ),
        );
      for (const channel of channels) sendOpening(channel, 'client');
      const hellos = await Promise.all(channels.map((channel) => channel.receive(ID_BYTES + 5)));
      const sharings = hellos.map((hello) => hexOf(hello.subarray(0, ID_BYTES)));
      for (const node of NODES)
        if (sharings[node] !== sharings[0] || hellos[node]![ID_BYTES] !== node)
          throw new ProtocolError(
            `expected nodes 0, 1 and 2 of one sharing in this order, got node ${hellos[node]![ID_BYTES]} of ${sharings[node]} at place ${node}`,
          );
      const bytes = new DataView(hellos[0]!.slice().buffer).getUint32(ID_BYTES + 1, true);
      if (bytes > MOST_PUBLIC_BYTES)
        throw new ProtocolError(
          `node 0: expected a public part of at most ${MOST_PUBLIC_BYTES} bytes, got ${bytes}`,
        );
      for (const node of NODES) channels[node]!.send(Uint8Array.of(node === 0 ? 1 : 0));
      const publicPart = parsePublicPart(await channels[0]!.receive(bytes));
      const { link = (channel: Channel) => channel } = options;
      return new NodesClient(channels.map(link), options, publicPart);
    } catch (error) {
      await Promise.all(channels.map((channel) => channel.close()));
      throw error;
    }
  }

  get model(): PublicModel {
    return this.publicPart.model;
  }

  /** Padded length of a text. */
  bucketOf(input: TextInput): number {
    const { text, textPair } = textOrPair(input);
    return bucketOf(this.#tokenizer.encode(text, textPair, this.model.maxTokens).ids.length);
  }

  /** Nodes make nothing ahead. */
  async prepare(): Promise<void> {}

  /** One text after another. */
  async classifyBatch(inputs: readonly TextInput[]): Promise<Classification[]> {
    const results: Classification[] = [];
    for (const input of inputs) results.push(await this.classify(input));
    return results;
  }

  /** One text after another: a call waits for those before it. */
  classify(text: TextInput): Promise<Classification> {
    const result = this.#last.then(() => this.#classify(text));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #classify(input: TextInput): Promise<Classification> {
    const { text, textPair } = textOrPair(input);
    const { model } = this.publicPart;
    const encoding = this.#tokenizer.encode(text, textPair, model.maxTokens);
    const bucket = bucketOf(encoding.ids.length);
    const answer = this.#options.answer ?? DEFAULT_ANSWER;
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    const channels = this.#channels.map((channel) => counted(channel, traffic));
    const leaks = createLeakList('client');
    leaks.recordLeak('length-bucket', 'all');
    const begin = performance.now();
    const request = { id: hexOf(this.#random.bytes(ID_BYTES)), answer, bucket };
    for (const channel of channels) channel.send(encodeRequest(request));
    const backend = new ClientBackend(channels, this.#random, request, leaks.recordLeak);
    const prepared = await prepareModel(backend, model, null);
    const result = await classify(backend, prepared, encoding, bucket, answer);
    await backend.confirm();
    // One message to each node, one back.
    const cost = { milliseconds: performance.now() - begin, ...traffic, rounds: 1 };
    return classificationOf({
      text,
      textPair,
      tokens: encoding.ids.length,
      truncatedTokens: encoding.droppedTokens,
      bucket,
      model,
      result,
      report: { name: 'text', layer: null, calls: 1, cost, peakMemoryBytes: 0, children: [] },
      offline: NO_COST,
      leaks: leaks.takeLeaks(),
      answer,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Of a public part that a client takes: as of one server. */
const MOST_PUBLIC_BYTES = 2 ** 28;
