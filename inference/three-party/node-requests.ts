/**
 * Which request three linked nodes run: node 0 takes its clients' texts in order and asks the others whether they have them too; they do as it says.
 * One runs at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_SUITE } from '../core/suite.js';
import { encodeRequest, ID_BYTES, receiveRequest } from './messages.js';
import type { LinkedNode } from './node-links.js';
import { NodeEngine } from './node-run.js';
import { shareOf } from '../run/classification.js';
import type { ServerMetrics } from '../server/side-port.js';
import type { NodeModel } from './share-model.js';
import type { WaitingText, WaitingTexts } from './waiting-texts.js';

export interface NodeRequestsOptions {
  readonly model: NodeModel;
  readonly timeoutMilliseconds: number;
  readonly waiting: WaitingTexts;
  readonly metrics?: ServerMetrics | undefined;
  /** Runs what a text takes at this node: to measure it. */
  readonly around?: (<T>(node: LinkedNode, body: (node: LinkedNode) => Promise<T>) => Promise<T>) | undefined;
}

/** Between two looks at whether a node that ends is done. */
const DRAIN_MILLISECONDS = 20;
/** Of what node 0 says to find out whether the others are there. */
const IDLE_ID = '0'.repeat(2 * ID_BYTES);

export class NodeRequests {
  readonly #options: NodeRequestsOptions;
  readonly #engine: NodeEngine;
  readonly #waiting: WaitingTexts;
  #stopped = false;
  #draining = false;
  /** Requests that this node agreed to, until they are answered. */
  #atWork = 0;

  constructor(options: NodeRequestsOptions) {
    this.#options = options;
    this.#engine = new NodeEngine(options.model);
    this.#waiting = options.waiting;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** One after another, until a link or a run ends. @throws whatever ended it */
  serve(node: LinkedNode): Promise<void> {
    return node.index === 0 ? this.#lead(node) : this.#follow(node);
  }

  /** Begins with no other; resolves when the one at work is answered, or after so long. */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    this.#waiting.wake();
    const deadline = performance.now() + milliseconds;
    while (this.#atWork > 0 && performance.now() < deadline) await sleep(DRAIN_MILLISECONDS);
  }

  /** None any more, once that which waits for one has looked. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.wake();
  }

  /** Node 0: takes the texts in the order in which they come; those that the others do not have yet, again a little later. */
  async #lead(node: LinkedNode): Promise<void> {
    while (!this.#stopped) {
      const text = this.#waiting.next();
      if (this.#draining) await sleep(DRAIN_MILLISECONDS);
      else if (text) await this.#working(() => this.#ask(node, text));
      else await this.#untilArrival(node);
    }
  }

  /** Node 0: runs a text, if both others have it. */
  async #ask(node: LinkedNode, text: WaitingText): Promise<void> {
    for (const channel of [node.next, node.previous]) channel.send(encodeRequest(text.request));
    const ready = await Promise.all(
      [node.next, node.previous].map(async (channel) => (await channel.receive(1))[0] === 1),
    );
    const go = ready.every(Boolean) && this.#waiting.take(text);
    for (const channel of [node.next, node.previous]) channel.send(Uint8Array.of(go ? 1 : 0));
    if (go) await this.#run(node, text);
    else this.#waiting.postpone(text);
  }

  /** Nodes 1 and 2: do what node 0 says. A link may be silent for long. */
  async #follow(node: LinkedNode): Promise<void> {
    const leader = node.index === 1 ? node.previous : node.next;
    while (!this.#stopped) {
      const found = this.#waiting.find(
        await receiveRequest(leader, this.#options.model.publicPart.model.maxTokens),
      );
      const text = this.#draining ? null : found;
      await this.#working(async () => {
        // At once, also where the client's connection to this node is a little behind: whoever waits here holds all others up.
        leader.send(Uint8Array.of(text ? 1 : 0));
        const go = (await leader.receive(1))[0] === 1;
        if (!go || !text) return;
        this.#waiting.take(text);
        await this.#run(node, text);
      });
    }
  }

  async #working(turn: () => Promise<void>): Promise<void> {
    this.#atWork++;
    try {
      await turn();
    } finally {
      this.#atWork--;
    }
  }

  async #run(node: LinkedNode, { request, channel, came, done }: WaitingText): Promise<void> {
    const { metrics, around } = this.#options;
    metrics?.waited(performance.now() - came);
    metrics?.running(1);
    try {
      const body = (at: LinkedNode) => this.#engine.run(at, channel, request);
      const { cost, send } = await (around?.(node, body) ?? body(node));
      for (const [index, bucket] of request.buckets.entries())
        metrics?.text(bucket, shareOf(cost, { index, size: request.buckets.length }));
      // A client that is slow, or whose shares came damaged, is no matter of the other nodes.
      void this.#working(() => send().then(() => done(null), done));
    } catch (error) {
      // Nodes are in the middle of a run: only new links, with new seeds, make them agree again.
      done(error as Error);
      throw error;
    } finally {
      metrics?.running(-1);
    }
  }

  /** Until a text is there; a link that ends meanwhile fails here, not in the next text. */
  async #untilArrival(node: LinkedNode): Promise<void> {
    // Only node 0 speaks while nothing runs: a heartbeat in the middle of a run would be read as part of it.
    const came = await this.#waiting.arrival(this.#options.timeoutMilliseconds / 4);
    if (!came && !this.#stopped) await this.#beat(node);
  }

  /** Node 0 to the others while nothing runs: a request without a text, which is answered by 0. */
  async #beat(node: LinkedNode): Promise<void> {
    const idle = {
      id: IDLE_ID,
      answer: { kind: 'label', bits: 0 },
      suite: DEFAULT_SUITE,
      buckets: [],
    } as const;
    for (const channel of [node.next, node.previous]) channel.send(encodeRequest(idle));
    await Promise.all([node.next, node.previous].map((channel) => channel.receive(1)));
    for (const channel of [node.next, node.previous]) channel.send(Uint8Array.of(0));
  }
}
