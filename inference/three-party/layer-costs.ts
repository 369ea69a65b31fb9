/**
 * What each layer of a run took at a node, which the node tells the client: of each layer microseconds (4 bytes), bytes sent to the other
 * nodes (8), and messages of the longest chain (4).
 */
import type { NodeIndex } from '../backends/three-party/node.js';
import { SHUFFLE_SENDERS } from '../backends/three-party/shuffle.js';
import { currentSpan, type Span, withSpan } from '../core/span.js';
import type { Channel } from '../net/channel.js';
import { type Cost, Meter, type SpanReport, TrafficCounter } from '../session/meter.js';
import type { LinkedNode } from './node-links.js';
import { mapTuple } from '../../util/map-tuple.js';

export interface LayerCost {
  /** Of a batch the sum of all its texts, which go through a layer at the same time. */
  readonly milliseconds: number;
  /** To the other nodes. */
  readonly sentBytes: number;
  /** That wait for each other, as node 1 tells it (`Chain`); 0 of the others. */
  readonly messages: number;
}

const LAYER_COST_BYTES = 16;
/** Of so many messages that wait for each other. */
const roundsOf = (messages: number): number => Math.ceil(messages / 2);
const MICROSECONDS = 1_000;
const MOST = 2 ** 32 - 1;
/** It meets all that is exchanged, and can tell what is dealt before. */
const OBSERVER: NodeIndex = 1;
/** The operation in which nodes 1 and 2 do not send at the same time (shuffle.ts). */
const ONE_SIDED = 'shuffle';

/** Places of a message that each of nodes 0, 1 and 2 receives; 0 where none is. */
type Places = readonly [zero: number, one: number, two: number];

/**
 * The longest chain of messages, as node 1 can tell it by the clocks of all three (cost/nodes-clocks.ts): all nodes run one program in one
 * order, so that whenever this one sends, it knows what the others have received. Each place of the chain counts as a turn in the open span.
 */
class Chain {
  readonly #counter: TrafficCounter;
  #clocks: Places = [0, 0, 0];
  #place = 0;
  readonly #underWay: Places[] = [];
  #shuffle: Span | undefined;

  constructor(counter: TrafficCounter) {
    this.#counter = counter;
  }

  /** To node 2, who sends too, behind what node 0 dealt it; or to node 0 when something is opened: each to the one before it. */
  sent(to: 0 | 2): void {
    if (currentSpan()?.name === ONE_SIDED) return;
    if (to === 2) this.#dealt();
    const [zero, one, two] = this.#clocks;
    this.#underWay.push(to === 2 ? [0, two + 1, one + 1] : [one + 1, two + 1, zero + 1]);
  }

  received(): void {
    const span = currentSpan();
    if (span?.name !== ONE_SIDED) {
      const places = this.#underWay.shift();
      if (places) this.#reach(places);
    } else if (span !== this.#shuffle) {
      this.#shuffle = span;
      this.#dealt();
      for (const sender of SHUFFLE_SENDERS) {
        const [, one, two] = this.#clocks;
        this.#reach(sender === 2 ? [0, two + 1, 0] : [0, 0, one + 1]);
      }
    }
  }

  #dealt(): void {
    this.#reach([0, 0, this.#clocks[0] + 1]);
  }

  #reach(places: Places): void {
    this.#clocks = mapTuple(this.#clocks, (clock, node) => Math.max(clock, places[node]!));
    for (const last = Math.max(...this.#clocks); this.#place < last; this.#place++) {
      this.#counter.sent(0);
      this.#counter.received(0);
    }
  }
}

/** What a node sends, into the open span: to node `to`, if this is the one that tells the chain. `onReceived` is told of what comes. */
function countedBy(
  counter: TrafficCounter,
  channel: Channel,
  chain: Chain | null,
  to: 0 | 2,
  onReceived: (bytes: number) => void,
): Channel {
  return {
    send(bytes) {
      channel.send(bytes);
      counter.sent(bytes.length);
      chain?.sent(to);
    },
    async receive(byteLength) {
      const bytes = await channel.receive(byteLength);
      onReceived(byteLength);
      chain?.received();
      return bytes;
    },
    flush: () => channel.flush?.(),
    close: () => channel.close(),
    transcript: channel.transcript,
  };
}

const layerCost = (span: SpanReport): LayerCost => ({
  milliseconds: span.cost.milliseconds,
  sentBytes: span.cost.sentBytes,
  messages: span.cost.rounds,
});

/** Another's span, who ends it. */
const lasting = (span: Span): Span => ({
  child: (name, layer) => span.child(name, layer),
  end: () => undefined,
  job: (name, isAhead) => span.job?.(name, isAhead) ?? (() => undefined),
  beside: span,
});

/** Runs `body` with a node that counts. → its result, what all took at this node, and what each layer of the model did */
export async function withLayerCosts<T>(
  node: LinkedNode,
  body: (node: LinkedNode) => Promise<T>,
): Promise<{ readonly result: T; readonly cost: Cost; readonly costs: readonly LayerCost[] }> {
  const counter = new TrafficCounter();
  const chain = node.index === OBSERVER ? new Chain(counter) : null;
  const outer = currentSpan();
  const meter = new Meter(undefined, undefined, outer && lasting(outer));
  let receivedBytes = 0;
  const onReceived = (bytes: number): void => {
    receivedBytes += bytes;
  };
  const counting = {
    ...node,
    next: countedBy(counter, node.next, chain, 2, onReceived),
    previous: countedBy(counter, node.previous, chain, 0, onReceived),
  };
  const result = await withSpan(meter.span, () => body(counting));
  const { cost, children } = meter.finish();
  const layers = children.filter(({ layer }) => layer !== null);
  return {
    result,
    cost: { ...cost, receivedBytes, rounds: roundsOf(cost.rounds) },
    costs: layers.map(layerCost),
  };
}

export const layerCostsBytes = (layers: number): number => LAYER_COST_BYTES * layers;

export function encodeLayerCosts(costs: readonly LayerCost[]): Uint8Array {
  const bytes = new Uint8Array(layerCostsBytes(costs.length));
  const view = new DataView(bytes.buffer);
  for (const [layer, { milliseconds, sentBytes, messages }] of costs.entries()) {
    const at = LAYER_COST_BYTES * layer;
    view.setUint32(at, Math.min(Math.round(MICROSECONDS * milliseconds), MOST), true);
    view.setBigUint64(at + 4, BigInt(sentBytes), true);
    view.setUint32(at + 12, messages, true);
  }
  return bytes;
}

/** Of a model of so many layers. */
export async function receiveLayerCosts(channel: Channel, layers: number): Promise<LayerCost[]> {
  const bytes = (await channel.receive(layerCostsBytes(layers))).slice();
  const view = new DataView(bytes.buffer);
  return Array.from({ length: layers }, (_, layer) => {
    const at = LAYER_COST_BYTES * layer;
    return {
      milliseconds: view.getUint32(at, true) / MICROSECONDS,
      sentBytes: Number(view.getBigUint64(at + 4, true)),
      messages: view.getUint32(at + 12, true),
    };
  });
}

/**
 * Of what nodes 0, 1 and 2 say: the time from when the slowest was through the layer before until the slowest is through this one (another one,
 * it may be: the longest times of all layers together are more than any node took), all that went over their links, and rounds of two messages.
 */
export function layerSpans(costs: readonly (readonly LayerCost[])[]): SpanReport[] {
  const passed = costs.map(() => 0);
  let before = 0;
  return costs[OBSERVER]!.map(({ messages }, layer) => {
    const ofNodes = costs.map((node) => node[layer]!);
    for (const [node, { milliseconds }] of ofNodes.entries()) passed[node]! += milliseconds;
    const through = Math.max(...passed);
    const cost: Cost = {
      milliseconds: through - before,
      sentBytes: ofNodes.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      receivedBytes: 0,
      rounds: roundsOf(messages),
    };
    before = through;
    return { name: `layer${layer}`, layer, calls: 1, cost, peakMemoryBytes: 0, children: [] };
  });
}
