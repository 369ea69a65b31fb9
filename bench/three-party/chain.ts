/**
 * The three nodes' traces put together: every message gets the number of its place in the longest chain of messages that had to
 * wait for each other, as logical clocks count it (Lamport, CACM 1978). Two places are one round.
 */
import type { TraceEvent } from '../trace.js';

export interface SpanCost {
  readonly name: string;
  readonly layer: number | null;
  /** Of the spans around it, outermost first. */
  readonly path: readonly string[];
  milliseconds: number;
  /** On all links. */
  bytes: number;
  /** Places of the longest chain. */
  messages: number;
}

export interface Chain {
  readonly bytes: number;
  readonly messages: number;
  /** In the order in which they began at node 2, which meets every message that anybody waits for. */
  readonly spans: readonly SpanCost[];
}

interface InFlight {
  readonly place: number;
  bytes: number;
}

interface OpenSpan {
  readonly cost: SpanCost;
  readonly began: number;
  readonly place: number;
}

/** The node at which spans are timed. */
const OBSERVER = 2;

class Replay {
  readonly #next = [0, 0, 0];
  readonly #clocks = [0, 0, 0];
  /** By sender and receiver. */
  readonly #links = new Map<string, InFlight[]>();
  readonly #open: OpenSpan[][] = [[], [], []];
  /** How many spans of a node have begun: the same programme runs at all three. */
  readonly #begun = [0, 0, 0];
  readonly spans: SpanCost[] = [];
  bytes = 0;
  messages = 0;

  constructor(readonly traces: readonly (readonly TraceEvent[])[]) {}

  #link(from: number, to: number): InFlight[] {
    const key = `${from}-${to}`;
    const link = this.#links.get(key) ?? [];
    this.#links.set(key, link);
    return link;
  }

  /** Events of a node until one that waits for a message. → whether there were any */
  advance(node: number): boolean {
    const events = this.traces[node]!;
    const start = this.#next[node]!;
    while (this.#next[node]! < events.length && this.#apply(node, events[this.#next[node]!]!))
      this.#next[node]!++;
    return this.#next[node]! > start;
  }

  get isDone(): boolean {
    return this.traces.every((events, node) => this.#next[node] === events.length);
  }

  #apply(node: number, event: TraceEvent): boolean {
    if (event.kind === 'sent') this.#sent(node, event.to, event.bytes);
    else if (event.kind === 'received') return this.#received(node, event.from, event.bytes);
    else if (event.kind === 'begin') this.#begin(node, event);
    else if (event.kind === 'end') this.#end(node, event.at);
    return true;
  }

  #sent(node: number, to: number, bytes: number): void {
    const place = this.#clocks[node]! + 1;
    this.#link(node, to).push({ place, bytes });
    this.bytes += bytes;
    this.messages = Math.max(this.messages, place);
    for (const { cost } of this.#open[node]!) cost.bytes += bytes;
  }

  #received(node: number, from: number, bytes: number): boolean {
    const link = this.#link(from, node);
    if (link.reduce((sum, message) => sum + message.bytes, 0) < bytes) return false;
    for (let left = bytes; left > 0; ) {
      const first = link[0]!;
      const taken = Math.min(left, first.bytes);
      this.#clocks[node] = Math.max(this.#clocks[node]!, first.place);
      left -= taken;
      first.bytes -= taken;
      if (first.bytes === 0) link.shift();
    }
    return true;
  }

  #begin(node: number, { name, layer, at }: Extract<TraceEvent, { kind: 'begin' }>): void {
    const index = this.#begun[node]!++;
    const path = this.#open[node]!.map(({ cost }) => cost.name);
    this.spans[index] ??= { name, layer, path, milliseconds: 0, bytes: 0, messages: 0 };
    this.#open[node]!.push({ cost: this.spans[index]!, began: at, place: this.#clocks[node]! });
  }

  #end(node: number, at: number): void {
    const { cost, began, place } = this.#open[node]!.pop()!;
    if (node !== OBSERVER) return;
    cost.milliseconds = at - began;
    cost.messages = this.#clocks[node]! - place;
  }
}

/** @throws Error if a node received what no other sent */
export function chainOf(traces: readonly (readonly TraceEvent[])[]): Chain {
  const replay = new Replay(traces);
  while (!replay.isDone) {
    const moved = traces.map((_, node) => replay.advance(node));
    if (!moved.some(Boolean)) throw new Error('trace: expected what a node received to be sent, got more');
  }
  const { bytes, messages, spans } = replay;
  return { bytes, messages, spans };
}
