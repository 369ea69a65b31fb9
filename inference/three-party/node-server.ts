/**
 * A node of three: it accepts its previous node and clients, connects to its next node, and runs one text at a time. Node 0 says
 * which. A node that dies, stalls or has other shares ends the text with an error at the client; the others link up again.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Node, NodeIndex } from '../backends/three-party/node.js';
import { Pace } from '../backends/three-party/pace.js';
import { ProtocolError } from '../core/errors.js';
import { Prg } from '../crypto/prg.js';
import type { Channel } from '../net/channel.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { transcriptChannel } from '../net/transcript.js';
import { createLeakList } from '../session/create-session.js';
import {
  type Address,
  type Certificates,
  checkPlain,
  connectLink,
  createLinkServer,
  isNode,
} from './links.js';
import {
  bytesOfHex,
  decodeRequest,
  encodeRequest,
  hexOf,
  ID_BYTES,
  REQUEST_BYTES,
  receiveOpening,
  SEED_BYTES,
  sendFailure,
  sendOpening,
  type TextRequest,
} from './messages.js';
import { NodeEngine } from './node-run.js';
import type { NodeModel } from './share-model.js';

export type { Address } from './links.js';

export interface NodeOptions {
  readonly model: NodeModel;
  /** Of the nodes 0, 1, 2; this one listens at its own. */
  readonly peers: readonly [Address, Address, Address];
  readonly timeoutMilliseconds: number;
  /** TLS on all links; null for plain TCP, which may leave the machine with `insecurePlain` only. */
  readonly certificates?: Certificates | null;
  readonly insecurePlain?: boolean;
  /** Clients that may wait or be served at the same time. */
  readonly maxClients?: number;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: (channel: Channel) => Channel;
  /** Runs what a text takes at this node: to measure it. */
  readonly around?: <T>(node: Node, body: (node: Node) => Promise<T>) => Promise<T>;
  readonly onLog?: (line: string) => void;
}

interface Waiting {
  readonly request: TextRequest;
  readonly channel: Channel;
  /** Settles when the text is done, so that the client's loop goes on. */
  readonly done: (error: Error | null) => void;
}

interface Links {
  readonly node: Node;
}

/** A channel to another node, and the seed that both use. */
interface Greeted {
  readonly channel: Channel;
  readonly seed: Uint8Array;
}

const RETRY_MILLISECONDS = 200;
/** Of no text: what node 0 says to find out whether the others are there. */
const IDLE_ID = '0'.repeat(2 * ID_BYTES);
const DEFAULT_MAX_CLIENTS = 64;

export class NodeServer {
  readonly #options: NodeOptions;
  readonly #engine: NodeEngine;
  readonly #index: NodeIndex;
  readonly #server: Server;
  readonly #channels = new Set<Channel>();
  readonly #waiting = new Map<string, Waiting>();
  #arrived: (() => void)[] = [];
  #onStop: () => void = () => undefined;
  #greeted: Greeted | null = null;
  #previous: ((channel: Channel) => void) | null = null;
  #clients = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: NodeOptions) {
    this.#options = options;
    this.#engine = new NodeEngine(options.model);
    this.#index = options.model.node;
    this.#server = createLinkServer(this.#certificates, (socket) => void this.#accept(socket));
  }

  /** Listens; links to the other nodes come up as they do. */
  static async start(options: NodeOptions): Promise<NodeServer> {
    checkPlain(options.peers, options.certificates ?? null, options.insecurePlain ?? false);
    const server = new NodeServer(options);
    const { host, port } = options.peers[server.#index]!;
    server.#server.listen(port, host);
    await once(server.#server, 'listening');
    server.#running = server.#serve();
    return server;
  }

  get #certificates(): Certificates | null {
    return this.#options.certificates ?? null;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#onStop();
    this.#server.close();
    this.#wake();
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await this.#running;
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
  }

  #wake(): void {
    const waiters = this.#arrived;
    this.#arrived = [];
    for (const wake of waiters) wake();
  }

  #channelOf(socket: Socket, peer: string): Channel {
    const channel = new TcpChannel(socket, { peer, timeoutMilliseconds: this.#options.timeoutMilliseconds });
    this.#channels.add(channel);
    socket.once('close', () => this.#channels.delete(channel));
    return channel;
  }

  async #accept(socket: Socket): Promise<void> {
    const channel = transcriptChannel(this.#channelOf(socket, 'a peer'));
    try {
      if ((await receiveOpening(channel)) === 'client')
        await this.#client(this.#options.link?.(channel) ?? channel);
      else if (!isNode(socket, this.#certificates))
        throw new ProtocolError('expected a node with a certificate of the authority given, got another');
      else if (this.#previous) this.#previous(channel);
      else await channel.close();
    } catch (error) {
      if (!this.#stopped) this.#log((error as Error).message);
      await channel.close().catch(() => undefined);
    }
  }

  async #client(channel: Channel): Promise<void> {
    const { sharing, publicBytes } = this.#options.model;
    if (this.#clients >= (this.#options.maxClients ?? DEFAULT_MAX_CLIENTS)) {
      throw new ProtocolError(`node ${this.#index}: expected at most ${this.#clients} clients, got another`);
    }
    this.#clients++;
    try {
      const hello = new Uint8Array(ID_BYTES + 5);
      hello.set(bytesOfHex(sharing));
      hello[ID_BYTES] = this.#index;
      new DataView(hello.buffer).setUint32(ID_BYTES + 1, publicBytes.length, true);
      channel.send(hello);
      if ((await channel.receive(1))[0] === 1) channel.send(publicBytes);
      for (;;) await this.#text(channel);
    } finally {
      this.#clients--;
    }
  }

  /** Waits for a client's next text and until it is answered. */
  async #text(channel: Channel): Promise<void> {
    const request = decodeRequest(await channel.receive(REQUEST_BYTES));
    const { maxTokens } = this.#options.model.publicPart.model;
    if (request.bucket > 2 * maxTokens)
      throw new ProtocolError(`request: expected at most ${2 * maxTokens} tokens, got ${request.bucket}`);
    const error = await new Promise<Error | null>((done) => {
      const patience = setTimeout(() => {
        if (this.#waiting.delete(request.id))
          done(new ProtocolError('the nodes did not begin with the text in time'));
      }, this.#options.timeoutMilliseconds);
      const settled = (failure: Error | null): void => {
        clearTimeout(patience);
        done(failure);
      };
      this.#waiting.set(request.id, { request, channel, done: settled });
      this.#wake();
    });
    this.#waiting.delete(request.id);
    if (error) {
      sendFailure(channel, error.message);
      throw error;
    }
  }

  async #serve(): Promise<void> {
    while (!this.#stopped) {
      let links: Links | null = null;
      try {
        links = await this.#link();
        this.#log(`node ${this.#index}: linked to both others`);
        await (this.#index === 0 ? this.#lead(links) : this.#follow(links));
      } catch (error) {
        if (this.#stopped) break;
        // The text that ran has failed (`#run`); those that wait may still find the nodes linked again.
        this.#log(`node ${this.#index}: ${(error as Error).message}; linking again`);
      } finally {
        await Promise.all(
          [links?.node.next.close(), links?.node.previous.close()].map((closing) =>
            closing?.catch(() => undefined),
          ),
        );
      }
    }
    for (const { done } of this.#waiting.values()) done(new ProtocolError('the node stops'));
  }

  /** @throws ProtocolError unless this is node `expected` of the same sharing */
  #check(hello: Uint8Array, expected: NodeIndex): void {
    const { sharing } = this.#options.model;
    const got = hexOf(hello.subarray(0, ID_BYTES));
    if (got !== sharing || hello[ID_BYTES] !== expected)
      throw new ProtocolError(
        `expected node ${expected} of sharing ${sharing}, got node ${hello[ID_BYTES]} of ${got}`,
      );
  }

  get #hello(): Uint8Array {
    return Uint8Array.of(...bytesOfHex(this.#options.model.sharing), this.#index);
  }

  #other(steps: number): NodeIndex {
    return ((this.#index + steps) % 3) as NodeIndex;
  }

  /** What connected and says that it is the previous node. */
  async #greetPrevious(channel: Channel): Promise<Greeted> {
    const hello = await channel.receive(ID_BYTES + 1 + SEED_BYTES);
    channel.send(this.#hello);
    channel.flush?.();
    this.#check(hello, this.#other(2));
    const seed = hello.slice(ID_BYTES + 1);
    channel.transcript!.start(seed);
    return { channel, seed };
  }

  async #greetNext(address: Address): Promise<Greeted> {
    const { timeoutMilliseconds } = this.#options;
    const channel = transcriptChannel(await connectLink(address, this.#certificates, timeoutMilliseconds));
    this.#channels.add(channel);
    try {
      const seed = randomBytes(SEED_BYTES);
      sendOpening(channel, 'node');
      channel.send(Uint8Array.of(...this.#hello, ...seed));
      this.#check(await channel.receive(ID_BYTES + 1), this.#other(1));
      channel.transcript!.start(seed);
      return { channel, seed };
    } catch (error) {
      this.#channels.delete(channel);
      await channel.close();
      throw error;
    }
  }

  /** Until the next node answers: it may not run yet, or not have noticed that its links ended. */
  async #findNext(): Promise<Greeted> {
    let told = '';
    for (;;) {
      if (this.#stopped) throw new ProtocolError('the node stops');
      try {
        return await this.#greetNext(this.#options.peers[this.#other(1)]!);
      } catch (error) {
        const { message } = error as Error;
        if (message !== told) this.#log(`node ${this.#index}: ${message}; trying again`);
        told = message;
        await sleep(RETRY_MILLISECONDS);
      }
    }
  }

  /** The previous node connects when it can; of several connections the last one is alive (`#greeted`). */
  async #findPrevious(): Promise<void> {
    this.#greeted = null;
    await new Promise<void>((resolve) => {
      this.#onStop = resolve;
      this.#previous = (channel) =>
        void this.#greetPrevious(channel).then(
          (greeted) => {
            void this.#greeted?.channel.close();
            this.#greeted = greeted;
            resolve();
          },
          (error: Error) => {
            this.#log(`node ${this.#index}: ${error.message}`);
            return channel.close();
          },
        );
    });
    if (this.#stopped) throw new ProtocolError('the node stops');
  }

  async #link(): Promise<Links> {
    try {
      const [next] = await Promise.all([this.#findNext(), this.#findPrevious()]);
      const previous = this.#greeted!;
      const { link = (channel: Channel) => channel } = this.#options;
      return {
        node: {
          index: this.#index,
          next: link(next.channel),
          previous: link(previous.channel),
          withNext: Prg.fromSecretSeed(next.seed),
          withPrevious: Prg.fromSecretSeed(previous.seed),
          pace: new Pace(),
          recordLeak: createLeakList('server').recordLeak,
        },
      };
    } finally {
      this.#previous = null;
    }
  }

  /** Node 0: takes the texts in the order in which they come. */
  async #lead({ node }: Links): Promise<void> {
    while (!this.#stopped) {
      const first = this.#waiting.values().next().value;
      if (!first) {
        await this.#untilArrival(node);
        continue;
      }
      for (const channel of [node.next, node.previous]) channel.send(encodeRequest(first.request));
      const ready = await Promise.all(
        [node.next, node.previous].map(async (channel) => (await channel.receive(1))[0] === 1),
      );
      const go = ready.every(Boolean);
      for (const channel of [node.next, node.previous]) channel.send(Uint8Array.of(go ? 1 : 0));
      await this.#run(node, first, go);
    }
  }

  /** Nodes 1 and 2: wait for what node 0 says. A link may be silent for long. */
  async #follow({ node }: Links): Promise<void> {
    const leader = this.#index === 1 ? node.previous : node.next;
    while (!this.#stopped) {
      const request = decodeRequest(await leader.receive(REQUEST_BYTES));
      const waiting = await this.#waitFor(request);
      leader.send(Uint8Array.of(waiting ? 1 : 0));
      const go = (await leader.receive(1))[0] === 1;
      if (waiting) await this.#run(node, waiting, go);
    }
  }

  async #run(node: Node, { request, channel, done }: Waiting, go: boolean): Promise<void> {
    this.#waiting.delete(request.id);
    if (!go) {
      done(new ProtocolError('the text did not reach all nodes'));
      return;
    }
    try {
      const body = (at: Node) => this.#engine.run(at, channel, request);
      const answer = await (this.#options.around?.(node, body) ?? body(node));
      // A client that is slow, or whose shares came damaged, is no matter of the other nodes.
      void answer().then(() => done(null), done);
    } catch (error) {
      // Nodes are in the middle of a run: only new links, with new seeds, make them agree again.
      done(error as Error);
      throw error;
    }
  }

  /** The client's connection to this node may be a little behind. */
  async #waitFor({ id, bucket, answer }: TextRequest): Promise<Waiting | null> {
    if (id === IDLE_ID) return null;
    const deadline = performance.now() + this.#options.timeoutMilliseconds / 2;
    while (performance.now() < deadline && !this.#stopped) {
      const waiting = this.#waiting.get(id);
      if (waiting) {
        const own = waiting.request;
        const same =
          own.bucket === bucket && own.answer.kind === answer.kind && own.answer.bits === answer.bits;
        return same ? waiting : null;
      }
      await Promise.race([new Promise<void>((wake) => this.#arrived.push(wake)), sleep(RETRY_MILLISECONDS)]);
    }
    return null;
  }

  /** Until a text is there; a link that ends meanwhile fails here, not in the next text. */
  async #untilArrival(node: Node): Promise<void> {
    const timer = new AbortController();
    const arrival = new Promise<boolean>((wake) => this.#arrived.push(() => wake(true)));
    const silence = sleep(this.#options.timeoutMilliseconds / 4, false, { signal: timer.signal });
    // Only what wins the race speaks on the links: a heartbeat in the middle of a run would be read as part of it.
    const came = await Promise.race([arrival, silence.catch(() => true)]);
    timer.abort();
    if (!came && !this.#stopped) await this.#beat(node);
  }

  /** Node 0 to the others while nothing runs: a request without an id, which is answered by 0. */
  async #beat(node: Node): Promise<void> {
    const idle = { id: IDLE_ID, answer: { kind: 'label', bits: 0 }, bucket: 1 } as const;
    if (this.#waiting.size > 0) return;
    for (const channel of [node.next, node.previous]) channel.send(encodeRequest(idle));
    await Promise.all([node.next, node.previous].map((channel) => channel.receive(1)));
    for (const channel of [node.next, node.previous]) channel.send(Uint8Array.of(0));
  }
}
