/** Three nodes in one process, with components of inputs that a dealer who knows everything makes. */
import { kernels } from '#kernels';
import type { Components, Node, NodeIndex } from '../../inference/backends/three-party/node.js';
import { Pace } from '../../inference/backends/three-party/pace.js';
import {
  type SharedInputs,
  ThreePartyBackend,
} from '../../inference/backends/three-party/three-party-backend.js';
import { encode } from '../../inference/core/ring-tensor.js';
import type { PrivateTensor, SharedTensor } from '../../inference/core/tensors.js';
import { Prg } from '../../inference/crypto/prg.js';
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { createLeakList } from '../../inference/session/create-session.js';
import { panelsOf } from '../../inference/three-party/model-entries.js';

export interface NodeTraffic {
  /** Of all links. */
  bytes: number;
  /** Longest chain of messages that had to wait for each other. */
  flights: number;
}

/** Told of every message, whose sender and receiver are nodes. */
export type Tap = (from: number, to: number, bytes: Uint8Array) => void;

/** Channels among three nodes, [node][0 to next, 1 to previous], that count as logical clocks do. */
function links(traffic: NodeTraffic, tap: Tap): readonly (readonly [Channel, Channel])[] {
  const pairs = [0, 1, 2].map(() => memoryChannelPair());
  const clocks = [0, 0, 0];
  const counted = (
    channel: Channel,
    self: number,
    other: number,
    inbox: { flight: number; bytes: number }[],
    outbox: typeof inbox,
  ): Channel => ({
    send(bytes) {
      const flight = clocks[self]! + 1;
      outbox.push({ flight, bytes: bytes.length });
      traffic.bytes += bytes.length;
      traffic.flights = Math.max(traffic.flights, flight);
      tap(self, other, bytes);
      channel.send(bytes);
    },
    async receive(byteLength) {
      const bytes = await channel.receive(byteLength);
      for (let left = byteLength; left > 0; ) {
        const first = inbox[0]!;
        const taken = Math.min(left, first.bytes);
        clocks[self] = Math.max(clocks[self]!, first.flight);
        left -= taken;
        first.bytes -= taken;
        if (first.bytes === 0) inbox.shift();
      }
      return bytes;
    },
    close: () => channel.close(),
  });
  // Pair p lies between node p (its first end) and node p + 1.
  const boxes = pairs.map(() => [[], []] as { flight: number; bytes: number }[][]);
  return [0, 1, 2].map((node) => {
    const before = (node + 2) % 3;
    return [
      counted(pairs[node]![0], node, (node + 1) % 3, boxes[node]![0]!, boxes[node]![1]!),
      counted(pairs[before]![1], node, before, boxes[before]![1]!, boxes[before]![0]!),
    ] as const;
  });
}

export interface TestNode {
  readonly node: Node;
  readonly leaks: ReturnType<typeof createLeakList>;
}

export function threeNodes(
  seed: number,
  tap: Tap = () => undefined,
): {
  readonly nodes: readonly TestNode[];
  readonly traffic: NodeTraffic;
} {
  const traffic = { bytes: 0, flights: 0 };
  const channels = links(traffic, tap);
  const nodes = ([0, 1, 2] as const).map((index): TestNode => {
    const leaks = createLeakList('server');
    const [next, previous] = channels[index]!;
    const pairSeed = (first: number) => Prg.insecureForTests(1000 + 3 * seed + first);
    const node: Node = {
      index,
      next,
      previous,
      withNext: pairSeed(index),
      withPrevious: pairSeed((index + 2) % 3),
      pace: new Pace(),
      recordLeak: leaks.recordLeak,
    };
    return { node, leaks };
  });
  return { nodes, traffic };
}

/** Components of words that everybody knows, for one node; the same at all of them if called in the same order. */
export function dealt(
  random: Prg,
  index: NodeIndex,
  words: BigUint64Array,
  ringBits: number,
): Components<BigUint64Array> {
  const random64 = (): BigUint64Array<ArrayBuffer> => {
    const out = new BigUint64Array(words.length);
    new Uint8Array(out.buffer).set(random.bytes(8 * words.length));
    kernels.ringMask(out, ringBits, out);
    return out;
  };
  const [first, second, third] = [random64(), random64(), new BigUint64Array(words.length)];
  kernels.ringMask(words, ringBits, third);
  kernels.ringSubtract(third, first, ringBits, third);
  kernels.ringSubtract(third, second, ringBits, third);
  const all = [first, second, third];
  return [all[index]!, all[(index + 1) % 3]!];
}

/** Inputs of a node at which every value is known: for tests. */
export function dealtInputs(
  index: NodeIndex,
  seed: number,
): SharedInputs & { learn(name: string, matrix: Int16Array, bias: Float64Array): void } {
  const random = Prg.insecureForTests(5000 + seed);
  const tensor = (x: PrivateTensor, ringBits: number) => {
    if (x.value === null) throw new Error('a dealer knows everything');
    const words = new BigUint64Array(x.value.data.length);
    kernels.ringSignExtend(x.value.data, x.value.ringBits, ringBits, words);
    return dealt(random, index, words, ringBits);
  };
  const weights = new Map<string, { matrix: Int16Array; bias: Float64Array }>();
  return {
    learn: (name, matrix, bias) => void weights.set(name, { matrix, bias }),
    text: async (x) => tensor(x, x.ringBits),
    vector: tensor,
    matrix: ({ name, inputs, outputs }) => {
      const words = BigUint64Array.from(weights.get(name)!.matrix, (value) =>
        BigInt.asUintN(64, BigInt(value)),
      );
      return dealt(random, index, panelsOf(words, inputs, outputs), 64);
    },
    bias: ({ name, outputs }, format) =>
      dealt(random, index, encode(weights.get(name)!.bias, [outputs], format).data, format.ringBits),
  };
}

/** A backend whose weights come from what `prepare` is given. */
export class DealtBackend extends ThreePartyBackend {
  readonly delivered: { readonly words: BigUint64Array; readonly x: SharedTensor }[] = [];
  readonly #learn: (name: string, matrix: Int16Array, bias: Float64Array) => void;

  constructor(node: Node, seed: number) {
    const inputs = dealtInputs(node.index, seed);
    super(node, inputs, (words, x) => void this.delivered.push({ words, x }));
    this.#learn = inputs.learn;
  }

  override prepare(source: Parameters<ThreePartyBackend['prepare']>[0]) {
    this.#learn(source.name, source.matrix!, source.bias!);
    return super.prepare(source);
  }
}
