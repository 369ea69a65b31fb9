/**
 * A node of three: it accepts clients and its previous node, links up with both others (node-links.ts), and runs one request at a time. Node 0 says
 * which. A node that dies, stalls or has other shares ends the text with an error at the client; the others link up again.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeIndex } from '../backends/three-party/node.js';
import { ProtocolError } from '../core/errors.js';
import { DEFAULT_SUITE, type Suite } from '../core/suite.js';
import type { Channel } from '../net/channel.js';
import { listenAt } from '../net/listen.js';
import { SilentConnections } from '../net/silent-connections.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { transcriptChannel } from '../net/transcript.js';
import type { WebFile } from '../server/web-files.js';
import { openWebPort, type WebPort } from '../server/web-port.js';
import { type Address, type Certificates, checkPlain, createLinkServer, isNode } from './links.js';
import { encodeRequest, ID_BYTES, receiveOpening, receiveRequest } from './messages.js';
import { NodeClients } from './node-clients.js';
import { type LinkedNode, NodeLinks } from './node-links.js';
import { NodeEngine } from './node-run.js';
import type { NodeModel } from './share-model.js';
import { type WaitingText, WaitingTexts } from './waiting-texts.js';

export type { Address } from './links.js';

/** WebSockets at `/connect`, and the page that is a client of the three nodes where its files are given. */
export interface NodeWeb {
  readonly port: number;
  /** Of pages that may connect beside this node's own. */
  readonly origins?: readonly string[] | undefined;
  readonly files?: ReadonlyMap<string, WebFile> | undefined;
  /** Of the three nodes, for that page. */
  readonly connectsTo?: readonly string[] | undefined;
}

export interface NodeOptions {
  readonly model: NodeModel;
  /** Of the nodes 0, 1, 2; this one listens at its own. */
  readonly peers: readonly [Address, Address, Address];
  /** Texts of clients with this one only; any unless given. */
  readonly suite?: Suite | undefined;
  readonly timeoutMilliseconds: number;
  /** TLS on all links; null for plain TCP, which may leave the machine with `insecurePlain` only. */
  readonly certificates?: Certificates | null;
  readonly insecurePlain?: boolean;
  /** A port for pages; none by default. */
  readonly web?: NodeWeb | undefined;
  /** Clients that may wait or be served at the same time. */
  readonly maxClients?: number;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: (channel: Channel) => Channel;
  /** Runs what a text takes at this node: to measure it. */
  readonly around?: <T>(node: LinkedNode, body: (node: LinkedNode) => Promise<T>) => Promise<T>;
  readonly onLog?: (line: string) => void;
}

/** Between two looks at whether a node that ends is done. */
const DRAIN_MILLISECONDS = 20;
/** Of what node 0 says to find out whether the others are there. */
const IDLE_ID = '0'.repeat(2 * ID_BYTES);

export class NodeServer {
  readonly #options: NodeOptions;
  readonly #engine: NodeEngine;
  readonly #index: NodeIndex;
  readonly #server: Server;
  readonly #links: NodeLinks;
  #web: WebPort | null = null;
  readonly #silent = new SilentConnections();
  readonly #channels = new Set<Channel>();
  readonly #waiting: WaitingTexts;
  readonly #clients: NodeClients;
  #stopped = false;
  #draining = false;
  /** Requests that this node agreed to, until they are answered. */
  #atWork = 0;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: NodeOptions) {
    this.#options = options;
    this.#engine = new NodeEngine(options.model);
    this.#index = options.model.node;
    this.#server = createLinkServer(this.#certificates, (socket) => void this.#accept(socket));
    this.#waiting = new WaitingTexts(options.timeoutMilliseconds);
    this.#clients = new NodeClients({ ...options, waiting: this.#waiting, log: (line) => this.#log(line) });
    this.#links = new NodeLinks({
      ...options,
      index: this.#index,
      sharing: options.model.sharing,
      suite: options.model.suite,
      certificates: this.#certificates,
      onLog: (line) => this.#log(line),
    });
  }

  /** Listens; links to the other nodes come up as they do. */
  static async start(options: NodeOptions): Promise<NodeServer> {
    checkPlain(options.peers, options.certificates ?? null, options.insecurePlain ?? false);
    const server = new NodeServer(options);
    const { host, port } = options.peers[server.#index]!;
    await listenAt(server.#server, host, port);
    await server.#openWeb(host);
    server.#running = server.#serve();
    return server;
  }

  /** Of the longest text. */
  get #maxTokens(): number {
    return this.#options.model.publicPart.model.maxTokens;
  }

  get #certificates(): Certificates | null {
    return this.#options.certificates ?? null;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of WebSockets; null: none. */
  get webPort(): number | null {
    return this.#web?.port ?? null;
  }

  async #openWeb(host: string): Promise<void> {
    const { web, timeoutMilliseconds } = this.#options;
    if (web === undefined) return;
    const own = this.#certificates;
    this.#web = await openWebPort({
      host,
      port: web.port,
      origins: web.origins ?? [],
      // A page shows no certificate.
      tls: own?.cert && own.key ? { cert: own.cert, key: own.key } : null,
      files: web.files ?? new Map(),
      connectsTo: web.connectsTo ?? [],
      timeoutMilliseconds,
      serve: (channel) => this.#acceptPage(channel),
    });
  }

  /** Closes when the text at work is answered, or after so long; begins with no other. */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    this.#waiting.wake();
    const deadline = performance.now() + milliseconds;
    while (this.#atWork > 0 && performance.now() < deadline) await sleep(DRAIN_MILLISECONDS);
    await this.close();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#server.close();
    this.#waiting.wake();
    await Promise.all([this.#links.stop(), ...[...this.#channels].map((channel) => channel.close())]);
    await this.#web?.close();
    await this.#running;
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
  }

  #channelOf(socket: Socket, peer: string): Channel {
    const channel = new TcpChannel(socket, { peer, timeoutMilliseconds: this.#options.timeoutMilliseconds });
    this.#channels.add(channel);
    socket.once('close', () => this.#channels.delete(channel));
    return channel;
  }

  async #accept(socket: Socket): Promise<void> {
    this.#silent.came(socket);
    const channel = transcriptChannel(this.#channelOf(socket, 'a peer'));
    try {
      const opening = await receiveOpening(channel);
      this.#silent.finished(socket);
      if (opening === 'client') await this.#clients.serve(this.#options.link?.(channel) ?? channel);
      else if (!isNode(socket, this.#certificates))
        throw new ProtocolError('expected a node with a certificate of the authority given, got another');
      else await this.#links.offer(channel);
    } catch (error) {
      if (!this.#stopped) this.#log((error as Error).message);
      await channel.close().catch(() => undefined);
    }
  }

  /** A page is a client, never a node. */
  async #acceptPage(socket: Channel): Promise<void> {
    const channel = transcriptChannel(socket);
    this.#channels.add(socket);
    try {
      if ((await receiveOpening(channel)) !== 'client')
        throw new ProtocolError('expected a client over a WebSocket, got a node');
      await this.#clients.serve(this.#options.link?.(channel) ?? channel);
    } catch (error) {
      if (!this.#stopped) this.#log((error as Error).message);
    } finally {
      this.#channels.delete(socket);
      await channel.close().catch(() => undefined);
    }
  }

  async #serve(): Promise<void> {
    while (!this.#stopped) {
      let node: LinkedNode | null = null;
      try {
        node = this.#shaped(await this.#links.link());
        this.#log(`node ${this.#index}: linked to both others`);
        await (this.#index === 0 ? this.#lead(node) : this.#follow(node));
      } catch (error) {
        if (this.#stopped) break;
        // The text that ran has failed (`#run`); those that wait may still find the nodes linked again.
        this.#log(`node ${this.#index}: ${(error as Error).message}; linking again`);
      } finally {
        await Promise.all(
          [node?.next, node?.previous].map((channel) => channel?.close().catch(() => undefined)),
        );
      }
    }
    this.#waiting.end(new ProtocolError('the node stops'));
  }

  #shaped(node: LinkedNode): LinkedNode {
    const { link = (channel: Channel) => channel } = this.#options;
    return { ...node, next: link(node.next), previous: link(node.previous) };
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
    const leader = this.#index === 1 ? node.previous : node.next;
    while (!this.#stopped) {
      const found = this.#waiting.find(await receiveRequest(leader, this.#maxTokens));
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

  async #run(node: LinkedNode, { request, channel, done }: WaitingText): Promise<void> {
    try {
      const body = (at: LinkedNode) => this.#engine.run(at, channel, request);
      const answer = await (this.#options.around?.(node, body) ?? body(node));
      // A client that is slow, or whose shares came damaged, is no matter of the other nodes.
      void this.#working(() => answer().then(() => done(null), done));
    } catch (error) {
      // Nodes are in the middle of a run: only new links, with new seeds, make them agree again.
      done(error as Error);
      throw error;
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
