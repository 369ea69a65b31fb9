/** The texts of a request at a node: the engine over the three-party backend, with shares of the model from disk and of texts from a client. */
import { classify } from '../engine/classify.js';
import { type PreparedModel, prepareModel } from '../engine/prepare.js';
import { kernels } from '#kernels';
import {
  type Components,
  commonWords,
  type Node,
  packedWords,
  receiveWords,
} from '../backends/three-party/node.js';
import type { Backend } from '../backends/backend.js';
import { scopedBackend } from '../backends/scoped-backend.js';
import type { Panels } from '../backends/three-party/products.js';
import { type SharedInputs, ThreePartyBackend } from '../backends/three-party/three-party-backend.js';
import { ProtocolError } from '../core/errors.js';
import type { PrivateTensor } from '../core/tensors.js';
import { Prg } from '../crypto/prg.js';
import { runBatch } from '../backends/batching/run-batch.js';
import type { Channel } from '../net/channel.js';
import { createLeakList } from '../session/create-session.js';
import type { Cost } from '../session/meter.js';
import { compareTranscripts, confirmOpened, expectPlace } from '../net/transcript.js';
import { SEED_BYTES, type TextRequest, transcriptSecret } from './messages.js';
import { encodeLayerCosts, withLayerCosts } from './layer-costs.js';
import type { LinkedNode } from './node-links.js';
import { biasFormat, biasName, matrixName, vectorsOf } from './model-entries.js';
import { encodeReport, type TextReport } from './report.js';
import type { NodeModel, Share } from './share-model.js';

type Words = Components<BigUint64Array>;

/** Takes a client's shares as the program asks for them: from seeds, and the third component as words. */
async function textShares(
  node: Node['index'],
  client: Channel,
  request: TextRequest,
): Promise<(x: PrivateTensor) => Promise<Words>> {
  client.transcript!.start(transcriptSecret(await client.receive(SEED_BYTES), request));
  const seeds = await client.receive(node === 0 ? 2 * SEED_BYTES : SEED_BYTES);
  const first = Prg.fromSecretSeed(seeds.subarray(0, SEED_BYTES), request.suite);
  const second = node === 0 ? Prg.fromSecretSeed(seeds.subarray(SEED_BYTES), request.suite) : null;
  return async ({ shape, ringBits }) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const seeded = commonWords(first, count, ringBits);
    if (second) return [seeded, commonWords(second, count, ringBits)];
    const rest = await receiveWords(client, count, ringBits);
    return node === 1 ? [seeded, rest] : [rest, seeded];
  };
}

type Shares = Components<Share>;

function modelShares(
  { shares, publicPart: { model } }: NodeModel,
  vectors: ReadonlyMap<PrivateTensor, string>,
) {
  const entry = (name: string): Shares => {
    const found = shares.get(name);
    if (!found) throw new ProtocolError(`node: expected shares of ${name}, got none`);
    return found;
  };
  const reduced = (words: BigUint64Array, ringBits: number): BigUint64Array => {
    kernels.ringMask(words, ringBits, words);
    return words;
  };
  const inRing = ([own, next]: Shares, ringBits: number): Words => [
    reduced(own.words(), ringBits),
    reduced(next.words(), ringBits),
  ];
  return {
    vector: (x: PrivateTensor, ringBits: number) =>
      inRing(entry(vectors.get(x) ?? 'a vector without a name'), ringBits),
    // The component of the file is read once and kept; those of seeds are made where they are used.
    matrix({ name }: { name: string }): Components<Panels> {
      const panels = (component: Share): Panels => component.place ?? component.words();
      const [own, next] = entry(matrixName(name));
      return [panels(own), panels(next)];
    },
    bias: (
      source: { name: string; fractionBits: number },
      format: { ringBits: number; fractionBits: number },
    ) => {
      const stored = biasFormat(model, source.fractionBits);
      if (format.fractionBits !== stored.fractionBits)
        throw new ProtocolError(
          `node: expected a bias at ${stored.fractionBits} fraction bits, got ${format.fractionBits}`,
        );
      return inRing(entry(biasName(source.name)), format.ringBits);
    },
  } satisfies Omit<SharedInputs, 'text'>;
}

/** Of the texts of a request. */
export interface NodeAnswer {
  readonly cost: Cost;
  send(): Promise<void>;
}

/** The model as nodes run it: prepared once. */
export class NodeEngine {
  readonly #model: NodeModel;
  #prepared: PreparedModel | null = null;

  constructor(model: NodeModel) {
    this.#model = model;
  }

  /**
   * Runs the texts of one request with the other nodes, all of which saw the same bytes. → what that took among them, and what sends reports
   * and this node's components of the answers to the client, if what came from it is what it sent.
   */
  async run(node: LinkedNode, client: Channel, request: TextRequest): Promise<NodeAnswer> {
    const {
      result: answered,
      cost,
      costs,
    } = await withLayerCosts(node, (counting) => this.#classify(counting, client, request));
    const { reports, answers } = answered;
    const send = async () => {
      await expectPlace(client, 'server');
      client.send(Uint8Array.of(0));
      for (const report of reports) client.send(encodeReport(report));
      client.send(encodeLayerCosts(costs));
      for (const answer of answers) client.send(answer);
      await confirmOpened(client, 'server');
      client.flush?.();
    };
    return { cost, send };
  }

  /** → a report of each text, and this node's components of what is opened to the client */
  async #classify(
    node: LinkedNode,
    client: Channel,
    request: TextRequest,
  ): Promise<{ readonly reports: readonly TextReport[]; readonly answers: readonly Uint8Array[] }> {
    const text = await textShares(node.index, client, request);
    const vectors = new Map<PrivateTensor, string>();
    const answers: Uint8Array[] = [];
    const leaks = createLeakList('server');
    const backend = new ThreePartyBackend(
      { ...node, recordLeak: leaks.recordLeak },
      { text, ...modelShares(this.#model, vectors) },
      (words, { ringBits }) => answers.push(packedWords(words, ringBits)),
    );
    // Weights are prepared without a message, and hold their factors from one text to the next.
    this.#prepared ??= await prepareModel(backend, this.#model.publicPart.model, null);
    for (const [name, x] of vectorsOf(this.#prepared)) vectors.set(x, name);
    const reports = await classifyAll(scopedBackend(backend), this.#prepared, request, leaks);
    await backend.settle();
    // Who connected is the link's client.
    await Promise.all([compareTranscripts(node.next, 'client'), compareTranscripts(node.previous, 'server')]);
    return { reports, answers };
  }
}

/** A text, or several in one run. */
async function classifyAll(
  backend: Backend,
  model: PreparedModel,
  { buckets, answer }: TextRequest,
  leaks: ReturnType<typeof createLeakList>,
): Promise<TextReport[]> {
  const [bucket] = buckets as [number];
  const lists = buckets.length === 1 ? [leaks] : buckets.map(() => createLeakList('server'));
  const results =
    buckets.length === 1
      ? [await classify(backend, model, null, bucket, answer)]
      : await runBatch(
          backend,
          buckets.length,
          (lane, i) => classify(lane, model, null, buckets[i]!, answer),
          (lane, name, to) => lists[lane]!.recordLeak(name, to),
        );
  return results.map(({ layers }, i) => ({
    layers,
    leaks: lists[i]!.takeLeaks().filter(({ to }) => to !== 'client'),
  }));
}
