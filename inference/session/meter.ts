/**
 * What a party's protocols cost: bytes, round trips and time, by span (core/span.ts). Protocols know nothing of it:
 * the metered channel counts into whichever span is open.
 *
 * A round trip is one turn of this party's channel from sending to receiving. An exchange in both directions at once
 * (`pipelined`: corrections cross each other, then answers) turns twice in the time of one round trip, and counts as one.
 */
import { ProtocolError } from '../core/errors.js';
import { currentSpan, type Span, started } from '../core/span.js';
import { type Channel, sendTaken } from '../net/channel.js';

export interface Cost {
  readonly milliseconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly rounds: number;
}

export const NO_COST: Cost = { milliseconds: 0, sentBytes: 0, receivedBytes: 0, rounds: 0 };

export const addCosts = (a: Cost, b: Cost): Cost => ({
  milliseconds: a.milliseconds + b.milliseconds,
  sentBytes: a.sentBytes + b.sentBytes,
  receivedBytes: a.receivedBytes + b.receivedBytes,
  rounds: a.rounds + b.rounds,
});

/** All runs of one name below one parent. Bytes and rounds are those counted directly here, not in children. */
class Node {
  readonly children = new Map<string, Node>();
  calls = 0;
  milliseconds = 0;
  sentBytes = 0;
  receivedBytes = 0;
  rounds = 0;
  peakMemoryBytes = 0;

  constructor(
    readonly name: string,
    readonly layer: number | null,
    readonly parent: Node | null,
    readonly memory: () => number,
  ) {}

  /** At the beginning and end of every run and at every message. */
  sampleMemory(): void {
    this.peakMemoryBytes = Math.max(this.peakMemoryBytes, this.memory());
  }

  /** `layer3/softmax/max`; empty at the root. */
  get path(): string {
    if (this.parent === null) return '';
    const above = this.parent.path;
    return above === '' ? this.name : `${above}/${this.name}`;
  }
}

/** Told of a layer that has come to its end. */
export type OnLayer = (layer: SpanReport) => void;

class MeteredSpan implements Span {
  readonly #started = performance.now();

  constructor(
    readonly node: Node,
    private readonly onLayer: OnLayer,
    readonly beside: Span | undefined,
  ) {
    node.calls++;
    node.sampleMemory();
  }

  child(name: string, layer: number | null = null): MeteredSpan {
    let node = this.node.children.get(name);
    if (!node) {
      node = new Node(name, layer, this.node, this.node.memory);
      this.node.children.set(name, node);
    }
    return new MeteredSpan(node, this.onLayer, this.beside?.child(name, layer ?? undefined));
  }

  get name(): string {
    return this.node.name;
  }

  job(name: string, isAhead: boolean): () => void {
    return this.beside?.job?.(name, isAhead) ?? (() => undefined);
  }

  end(): void {
    this.beside?.end();
    this.node.milliseconds += performance.now() - this.#started;
    this.node.sampleMemory();
    if (this.node.layer !== null) this.onLayer(reportOf(this.node));
  }
}

/** One named span and what lies below it; costs include the children's. */
export interface SpanReport {
  readonly name: string;
  /** Its number, if it is a layer of the model. */
  readonly layer: number | null;
  readonly calls: number;
  readonly cost: Cost;
  /** Largest memory seen while it ran; 0 where the meter was given none to read. */
  readonly peakMemoryBytes: number;
  readonly children: readonly SpanReport[];
}

function reportOf(node: Node): SpanReport {
  const children = [...node.children.values()].map(reportOf);
  const { milliseconds, sentBytes, receivedBytes, rounds } = node;
  const below = children.reduce((sum, child) => addCosts(sum, child.cost), NO_COST);
  const cost = { ...addCosts({ milliseconds, sentBytes, receivedBytes, rounds }, below), milliseconds };
  const peakMemoryBytes = Math.max(node.peakMemoryBytes, ...children.map((child) => child.peakMemoryBytes));
  return { name: node.name, layer: node.layer, calls: node.calls, cost, peakMemoryBytes, children };
}

/** What one protocol costs wherever it runs. */
export type NamedCost = Cost & Pick<SpanReport, 'peakMemoryBytes'>;

/** Costs by protocol name over the whole tree, layers apart; a protocol inside one of the same name counts once. */
export function costsByName(report: SpanReport): Map<string, NamedCost> {
  const costs = new Map<string, NamedCost>();
  const add = ({ name, cost, peakMemoryBytes }: SpanReport): void => {
    const known = costs.get(name) ?? { ...NO_COST, peakMemoryBytes: 0 };
    costs.set(name, {
      ...addCosts(known, cost),
      peakMemoryBytes: Math.max(known.peakMemoryBytes, peakMemoryBytes),
    });
  };
  const visit = (span: SpanReport, open: ReadonlySet<string>): void => {
    if (span.layer === null && !open.has(span.name)) add(span);
    const inside = new Set(open).add(span.name);
    for (const child of span.children) visit(child, inside);
  };
  for (const child of report.children) visit(child, new Set());
  return costs;
}

/** Measures one stretch of work, for example one text; `memory` is read now and then, in bytes. `beside` is told of the same spans. */
export class Meter {
  readonly #root: Node;
  readonly span: MeteredSpan;

  constructor(memory: () => number = () => 0, onLayer: OnLayer = () => undefined, beside?: Span) {
    this.#root = new Node('total', null, null, memory);
    this.span = new MeteredSpan(this.#root, onLayer, beside);
  }

  /** Call once, at the end. */
  finish(): SpanReport {
    this.span.end();
    return reportOf(this.#root);
  }
}

/** Counts one party's traffic into whichever span is open; traffic outside of any (the handshake) is not counted. */
export class TrafficCounter {
  #hasSent = false;
  #sentBytes = 0;
  /** In a pipeline: may a receive still count as a turn? Null outside of any. */
  #pipelineTurns: 0 | 1 | null = null;

  beginPipeline(): void {
    this.#pipelineTurns = 1;
  }

  endPipeline(): void {
    this.#pipelineTurns = null;
  }

  /** In all. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  sent(byteLength: number): void {
    this.#hasSent = true;
    this.#sentBytes += byteLength;
    const node = openNode();
    if (!node) return;
    node.sentBytes += byteLength;
    node.sampleMemory();
  }

  received(byteLength: number): void {
    const node = openNode();
    if (node) {
      node.receivedBytes += byteLength;
      node.sampleMemory();
      if (this.#isTurn()) node.rounds++;
    }
    this.#hasSent = false;
  }

  #isTurn(): boolean {
    if (!this.#hasSent || this.#pipelineTurns === 0) return false;
    if (this.#pipelineTurns === 1) this.#pipelineTurns = 0;
    return true;
  }
}

function openNode(): Node | null {
  const span = currentSpan();
  return span instanceof MeteredSpan ? span.node : null;
}

/** The same error with the place in the protocol where it was met. */
function located(error: unknown, node: Node | null): unknown {
  if (!(error instanceof ProtocolError) || !node || node.path === '') return error;
  const Kind = error.constructor as new (message: string) => ProtocolError;
  return new Kind(`${error.message} (in ${node.path})`);
}

/** Counts what passes through a channel, and tells errors where in the protocol they happened. */
export function meteredChannel(channel: Channel): Channel {
  const counter = new TrafficCounter();
  return {
    send(bytes) {
      channel.send(bytes);
      counter.sent(bytes.length);
    },
    sendTaken(bytes) {
      const { length } = bytes;
      sendTaken(channel, bytes);
      counter.sent(length);
    },
    receive(byteLength) {
      counter.received(byteLength);
      const node = openNode();
      return channel.receive(byteLength).catch((error: unknown) => {
        throw located(error, node);
      });
    },
    flush: () => channel.flush?.(),
    pipelined(body) {
      counter.beginPipeline();
      const result = started(body);
      const end = (): void => counter.endPipeline();
      result.then(end, end);
      return result;
    },
    close: () => channel.close(),
    transcript: channel.transcript,
  };
}
