/**
 * A node of three: it accepts clients (node-clients.ts) and its previous node, links up with both others (node-links.ts), and runs their requests with
 * them (node-requests.ts). A node that dies, stalls or has other shares ends the text with an error at the client; the others link up again.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import type { NodeIndex } from '../backends/three-party/node.js';
import { ProtocolError } from '../core/errors.js';
import type { Suite } from '../core/suite.js';
import type { Channel } from '../net/channel.js';
import { listenAt } from '../net/listen.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { transcriptChannel } from '../net/transcript.js';
import type { ServedChannel } from '../server/served-channel.js';
import { ENDING, openSidePort, ServerMetrics, type SidePort } from '../server/side-port.js';
import type { WebFile } from '../server/web-files.js';
import { openWebPort, type WebPort } from '../server/web-port.js';
import { Arrivals } from './arrivals.js';
import { type Address, type Certificates, checkPlain, createLinkServer, isNode } from './links.js';
import { NodeClients } from './node-clients.js';
import { type LinkedNode, NodeLinks } from './node-links.js';
import { NodeRequests, type NodeRequestsOptions } from './node-requests.js';
import { WaitingTexts } from './waiting-texts.js';

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

export interface NodeOptions extends Omit<NodeRequestsOptions, 'waiting' | 'metrics'> {
  /** Of the nodes 0, 1, 2; this one listens at its own. */
  readonly peers: readonly [Address, Address, Address];
  /** Texts of clients with this one only; any unless given. */
  readonly suite?: Suite | undefined;
  /** TLS on all links; null for plain TCP, which may leave the machine with `insecurePlain` only. */
  readonly certificates?: Certificates | null;
  readonly insecurePlain?: boolean;
  /** A port for pages; none by default. */
  readonly web?: NodeWeb | undefined;
  /** Port for health, readiness and metrics over HTTP, on the same address; none by default. */
  readonly httpPort?: number | undefined;
  /** Clients that may wait or be served at the same time. */
  readonly maxClients?: number;
  /** What every link's channel is led through: to imitate a network. */
  readonly link?: (channel: Channel) => Channel;
  readonly onLog?: (line: string) => void;
}

export class NodeServer {
  readonly #options: NodeOptions;
  readonly #index: NodeIndex;
  readonly #server: Server;
  readonly #links: NodeLinks;
  #web: WebPort | null = null;
  #side: SidePort | null = null;
  readonly #metrics: ServerMetrics | undefined;
  readonly #arrivals = new Arrivals();
  readonly #channels = new Set<Channel>();
  readonly #waiting: WaitingTexts;
  readonly #clients: NodeClients;
  readonly #requests: NodeRequests;
  #stopped = false;
  #linked = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: NodeOptions) {
    this.#options = options;
    this.#index = options.model.node;
    this.#server = createLinkServer(this.#certificates, (socket) => void this.#accept(socket));
    this.#waiting = new WaitingTexts(options.timeoutMilliseconds);
    if (options.httpPort !== undefined)
      this.#metrics = new ServerMetrics(() => ({ places: 0, turns: this.#waiting.size }));
    const shared = { ...options, waiting: this.#waiting, metrics: this.#metrics };
    this.#requests = new NodeRequests(shared);
    this.#clients = new NodeClients({ ...shared, log: (line) => this.#log(line) });
    this.#links = new NodeLinks({
      ...options,
      index: this.#index,
      sharing: options.model.sharing,
      suite: options.model.suite,
      certificates: this.#certificates,
      onLog: (line) => this.#log(line),
    });
  }

  /** Listens; links to the other nodes come up as they do. @throws Error that names the address where that cannot be, of any port */
  static async start(options: NodeOptions): Promise<NodeServer> {
    checkPlain(options.peers, options.certificates ?? null, options.insecurePlain ?? false);
    const server = new NodeServer(options);
    const { host, port } = options.peers[server.#index]!;
    await listenAt(server.#server, host, port);
    try {
      await server.#openWeb(host);
      await server.#openSide(host);
    } catch (error) {
      await server.#web?.close();
      server.#server.close();
      throw error;
    }
    server.#running = server.#serve();
    return server;
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
      serve: (channel, { socket }) => this.#acceptPage(channel, socket),
    });
  }

  /** Of health, readiness and metrics; null: none. */
  get httpPort(): number | null {
    return this.#side?.port ?? null;
  }

  /** It takes texts while it is linked to both others. */
  async #openSide(host: string): Promise<void> {
    const metrics = this.#metrics;
    if (!metrics) return;
    const notReady = (): string | null => {
      if (this.#stopped || this.#requests.isDraining) return ENDING;
      return this.#linked ? null : 'not linked to both other nodes';
    };
    this.#side = await openSidePort(host, this.#options.httpPort!, () => metrics.page(), notReady);
  }

  /** Closes when the text at work is answered, or after so long; begins with no other. */
  async drain(milliseconds: number): Promise<void> {
    await this.#requests.drain(milliseconds);
    await this.close();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#server.close();
    this.#requests.stop();
    await Promise.all([this.#links.stop(), ...[...this.#channels].map((channel) => channel.close())]);
    await this.#web?.close();
    await this.#side?.close();
    await this.#running;
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
  }

  /** A connection ended with an error. */
  #failed(error: Error): void {
    if (this.#stopped) return;
    this.#metrics?.failed();
    this.#log(error.message);
  }

  #serveClient(channel: Channel, { remoteAddress: address = '' }: Socket): Promise<void> {
    return this.#clients.serve(this.#options.link?.(channel) ?? channel, address);
  }

  async #accept(socket: Socket): Promise<void> {
    const { timeoutMilliseconds } = this.#options;
    const own = new TcpChannel(socket, { peer: 'a peer', timeoutMilliseconds });
    this.#channels.add(own);
    socket.once('close', () => this.#channels.delete(own));
    const channel = transcriptChannel(own);
    let opening: 'node' | 'client' | null = null;
    try {
      opening = await this.#arrivals.roleOf(channel, own, socket);
      if (opening === 'client') await this.#serveClient(channel, socket);
      else if (!isNode(socket, this.#certificates))
        throw new ProtocolError('expected a node with a certificate of the authority given, got another');
      else await this.#links.offer(channel);
    } catch (error) {
      // Who looks whether somebody listens, as load balancers do, and a client that cannot reach another node.
      if (opening === null && !own.hasHeard) this.#metrics?.probed();
      else this.#failed(error as Error);
      await channel.close().catch(() => undefined);
    }
  }

  /** A page is a client, never a node. */
  async #acceptPage(own: ServedChannel, socket: Socket): Promise<void> {
    const channel = transcriptChannel(own);
    this.#channels.add(own);
    try {
      if ((await this.#arrivals.roleOf(channel, own, socket)) !== 'client')
        throw new ProtocolError('expected a client over a WebSocket, got a node');
      await this.#serveClient(channel, socket);
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#channels.delete(own);
      await channel.close().catch(() => undefined);
    }
  }

  async #serve(): Promise<void> {
    while (!this.#stopped) {
      let node: LinkedNode | null = null;
      try {
        node = this.#shaped(await this.#links.link());
        this.#linked = true;
        this.#log(`node ${this.#index}: linked to both others`);
        await this.#requests.serve(node);
      } catch (error) {
        if (this.#stopped) break;
        // The text that ran has failed; those that wait may still find the nodes linked again.
        this.#log(`node ${this.#index}: ${(error as Error).message}; linking again`);
      } finally {
        this.#linked = false;
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
}
