/**
 * The client's side of a run: it shares what it knows and adds up what the nodes answer. Of all that nodes compute it runs the steps
 * of the answer alone, on shapes, which tell what is opened and how it is to be read.
 */
import { kernels } from '#kernels';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { LeakName } from '../backends/backend.js';
import { commonWords, receiveWords, sendWords } from '../backends/three-party/node.js';
import { sameBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import { sizeOf } from '../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedTensor } from '../core/tensors.js';
import { NodesCounting } from '../cost/nodes-counting.js';
import { Prg } from '../crypto/prg.js';
import { type Answer, answer } from '../engine/answer.js';
import { shareEmbedding, type TokenInput } from '../engine/embedding.js';
import { logitsFormat } from '../engine/plan.js';
import { sharePadding } from '../engine/shared-padding.js';
import type { Channel } from '../net/channel.js';
import { confirmOpened, confirmPlace } from '../net/transcript.js';
import type { Backend } from '../backends/backend.js';
import { type LayerCost, receiveLayerCosts } from './layer-costs.js';
import { expectSuccess, SEED_BYTES, type TextRequest, transcriptSecret } from './messages.js';
import { encodeReport, receiveReport, type TextReport } from './report.js';

const NODES = [0, 1, 2] as const;

const UNCOUNTED = { sent: () => undefined, client: () => undefined, waited: () => undefined };

/** What nodes say of a run. */
export interface RunReport {
  /** Of each text; the same at all nodes. */
  readonly texts: readonly TextReport[];
  /** Of nodes 0, 1 and 2. */
  readonly costs: readonly (readonly LayerCost[])[];
}

export type RecordLeak = (name: LeakName, to: PartyId | 'all') => void;

export class ClientBackend extends NodesCounting {
  readonly #nodes: readonly Channel[];
  readonly #request: TextRequest;
  readonly #layers: number;
  readonly #first: Prg;
  readonly #second: Prg;
  readonly #recordLeak: RecordLeak;
  #answered: Promise<RunReport> | null = null;

  /** Of a model of so many layers. */
  constructor(
    nodes: readonly Channel[],
    random: Prg,
    request: TextRequest,
    layers: number,
    recordLeak: RecordLeak,
  ) {
    super(() => 0, UNCOUNTED);
    this.#nodes = nodes;
    this.#request = request;
    this.#layers = layers;
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
    this.#first = Prg.fromSecretSeed(first, request.suite);
    this.#second = Prg.fromSecretSeed(second, request.suite);
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
  async #hearAnswers(): Promise<RunReport> {
    for (const node of this.#nodes) confirmPlace(node, 'client');
    const heard = await Promise.all(NODES.map((node) => this.#hear(node)));
    const [first, ...others] = heard.map(({ texts }) => texts);
    for (const reports of others)
      if (!reports.every((report, text) => same(report, first![text]!)))
        throw new ProtocolError('nodes: expected three equal reports of what was opened, got others');
    return { texts: first!, costs: heard.map(({ costs }) => costs) };
  }

  async #hear(node: 0 | 1 | 2) {
    const channel = this.#nodes[node]!;
    await expectSuccess(channel, node);
    const texts: TextReport[] = [];
    for (const _ of this.#request.buckets) texts.push(await receiveReport(channel, this.#layers));
    return { texts, costs: await receiveLayerCosts(channel, this.#layers) };
  }

  #answers(): Promise<RunReport> {
    this.#answered ??= this.#hearAnswers();
    return this.#answered;
  }

  /** After all that is opened to the client: what the nodes say of the run. @throws ProtocolError if it is not what they sent */
  async confirm(): Promise<RunReport> {
    const reports = await this.#answers();
    await Promise.all(this.#nodes.map((node) => confirmOpened(node, 'client')));
    return reports;
  }

  override async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    this.#recordLeak(leak, to);
    if (to !== 'client') return super.reveal(x, to, leak);
    await this.#answers();
    const { shape, ringBits, fractionBits } = x;
    const sum = new BigUint64Array(sizeOf(shape));
    const parts = await Promise.all(this.#nodes.map((node) => receiveWords(node, sum.length, ringBits)));
    for (const part of parts) kernels.ringAdd(sum, part, ringBits, sum);
    return { shape, ringBits, fractionBits, data: sum };
  }

  override async revealBits(
    ...[bits, to, leak]: Parameters<NodesCounting['revealBits']>
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

const same = (a: TextReport, b: TextReport): boolean => sameBytes(encodeReport(a), encodeReport(b));

/** What a client does for one text: shares in the order in which the nodes' program asks for them, then the answer. */
export async function askNodes(
  mpc: Backend,
  model: PublicModel,
  input: TokenInput,
  { bucket, terms }: { readonly bucket: number; readonly terms: TextRequest['answer'] },
): Promise<Answer> {
  await shareEmbedding(mpc, model, input, bucket);
  await sharePadding(mpc, model, input.ids.length, bucket);
  const logits: SharedTensor = {
    kind: 'arithmetic',
    shape: [1, model.config.labels.length],
    ...logitsFormat(model),
  };
  return answer(mpc, model, logits, terms);
}
