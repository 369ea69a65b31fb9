/**
 * How a node finds the two others: it connects to its next node and is connected to by its previous one, as often as links end. Who
 * answers must be that node of the same sharing; each pair agrees on a seed for its generator and its transcript.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Node, NodeIndex } from '../backends/three-party/node.js';
import { Pace } from '../backends/three-party/pace.js';
import { bytesToHex, hexToBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import { SUITES, type Suite } from '../core/suite.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { transcriptChannel } from '../net/transcript.js';
import { type Address, type Certificates, connectLink } from './links.js';
import { ID_BYTES, SEED_BYTES, sendOpening } from './messages.js';

export interface NodeLinksOptions {
  /** Of this node and its shares. */
  readonly index: NodeIndex;
  readonly sharing: string;
  /** Of the sharing, and of the generators of each pair. */
  readonly suite: Suite;
  /** Of the nodes 0, 1, 2. */
  readonly peers: readonly [Address, Address, Address];
  readonly timeoutMilliseconds: number;
  readonly certificates: Certificates | null;
  readonly onLog: (line: string) => void;
}

/** A channel to another node, and the seed that both use. */
interface Greeted {
  readonly channel: Channel;
  readonly seed: Uint8Array;
}

/** What a run takes but for the list of what it opens. */
export type LinkedNode = Omit<Node, 'recordLeak'>;

const RETRY_MILLISECONDS = 200;
const STOPS = 'the node stops';
/** Sharing, node, suite. */
const HELLO_BYTES = ID_BYTES + 2;

export class NodeLinks {
  readonly #options: NodeLinksOptions;
  #next: Channel | null = null;
  #greeted: Greeted | null = null;
  /** Takes what connects, while the previous node is wanted. */
  #previous: ((channel: Channel) => void) | null = null;
  #onStop: () => void = () => undefined;
  #stopped = false;

  constructor(options: NodeLinksOptions) {
    this.#options = options;
  }

  /** Somebody connected who may call itself a node. */
  async offer(channel: Channel): Promise<void> {
    if (this.#previous) this.#previous(channel);
    else await channel.close();
  }

  /** Both links, whenever they come up. @throws ProtocolError when stopped */
  async link(): Promise<LinkedNode> {
    try {
      const [next] = await Promise.all([this.#findNext(), this.#findPrevious()]);
      const previous = this.#greeted!;
      return {
        index: this.#options.index,
        next: next.channel,
        previous: previous.channel,
        withNext: Prg.fromSecretSeed(next.seed, this.#options.suite),
        withPrevious: Prg.fromSecretSeed(previous.seed, this.#options.suite),
        pace: new Pace(),
      };
    } finally {
      this.#previous = null;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#onStop();
    await this.#next?.close();
  }

  #other(steps: number): NodeIndex {
    return ((this.#options.index + steps) % 3) as NodeIndex;
  }

  get #hello(): Uint8Array {
    const { sharing, index, suite } = this.#options;
    return Uint8Array.of(...hexToBytes(sharing), index, SUITES.indexOf(suite));
  }

  /** @throws ProtocolError unless this is node `expected` of the same sharing */
  #check(hello: Uint8Array, expected: NodeIndex): void {
    const { sharing, suite } = this.#options;
    const got = bytesToHex(hello.subarray(0, ID_BYTES));
    if (got !== sharing || hello[ID_BYTES] !== expected)
      throw new ProtocolError(
        `expected node ${expected} of sharing ${sharing}, got node ${hello[ID_BYTES]} of ${got}`,
      );
    const ofOther = SUITES[hello[ID_BYTES + 1]!];
    if (ofOther !== suite)
      throw new ProtocolError(`node ${expected}: expected the suite ${suite}, got ${ofOther ?? 'another'}`);
  }

  /** What connected and says that it is the previous node. */
  async #greetPrevious(channel: Channel): Promise<Greeted> {
    const hello = await channel.receive(HELLO_BYTES + SEED_BYTES);
    channel.send(this.#hello);
    channel.flush?.();
    this.#check(hello, this.#other(2));
    const seed = hello.slice(HELLO_BYTES);
    channel.transcript!.start(seed);
    return { channel, seed };
  }

  async #greetNext(address: Address): Promise<Greeted> {
    const { timeoutMilliseconds, certificates } = this.#options;
    const channel = transcriptChannel(await connectLink(address, certificates, { timeoutMilliseconds }));
    this.#next = channel;
    try {
      // `stop` closed what there was then.
      if (this.#stopped) throw new ProtocolError(STOPS);
      const seed = randomBytes(SEED_BYTES);
      sendOpening(channel, 'node');
      channel.send(Uint8Array.of(...this.#hello, ...seed));
      this.#check(await channel.receive(HELLO_BYTES), this.#other(1));
      channel.transcript!.start(seed);
      return { channel, seed };
    } catch (error) {
      await channel.close();
      throw error;
    }
  }

  /** Until the next node answers: it may not run yet, or not have noticed that its links ended. */
  async #findNext(): Promise<Greeted> {
    const { peers, index, onLog } = this.#options;
    let told = '';
    for (;;) {
      if (this.#stopped) throw new ProtocolError(STOPS);
      try {
        return await this.#greetNext(peers[this.#other(1)]!);
      } catch (error) {
        if (this.#stopped) throw error;
        const { message } = error as Error;
        if (message !== told) onLog(`node ${index}: ${message}; trying again`);
        told = message;
        await sleep(RETRY_MILLISECONDS);
      }
    }
  }

  /** The previous node connects when it can; of several connections the last one is alive (`#greeted`). */
  async #findPrevious(): Promise<void> {
    // One may have come while the links before this one ended.
    void this.#greeted?.channel.close();
    this.#greeted = null;
    await new Promise<void>((resolve) => {
      this.#onStop = resolve;
      if (this.#stopped) resolve();
      this.#previous = (channel) =>
        void this.#greetPrevious(channel).then(
          (greeted) => {
            void this.#greeted?.channel.close();
            this.#greeted = greeted;
            resolve();
          },
          (error: Error) => {
            this.#options.onLog(`node ${this.#options.index}: ${error.message}`);
            return channel.close();
          },
        );
    });
    if (this.#stopped) throw new ProtocolError(STOPS);
  }
}
