/** What a node says to its clients: who it is, the public part, and the texts that each asks for, one after the other. */
import { PeerClosedError, ProtocolError } from '../core/errors.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import type { Channel } from '../net/channel.js';
import { mostMilliseconds } from '../net/patience.js';
import { PerNetwork } from '../net/per-network.js';
import { toldOf } from '../net/refusal.js';
import { encodeHello, receiveRequest, sendFailure, type TextRequest, WANTS } from './messages.js';
import type { ServerMetrics } from '../server/side-port.js';
import type { NodeModel } from './share-model.js';
import type { WaitingTexts } from './waiting-texts.js';

export interface NodeClientsOptions {
  readonly model: NodeModel;
  readonly suite?: Suite | undefined;
  readonly timeoutMilliseconds: number;
  readonly maxClients?: number;
  readonly waiting: WaitingTexts;
  readonly metrics?: ServerMetrics | undefined;
  readonly log: (line: string) => void;
}

const DEFAULT_MAX_CLIENTS = 64;

/** Half of the places, as at a server: nobody who comes from elsewhere is kept out. */
const mostPerAddress = (maxClients: number): number => Math.max(4, Math.ceil(maxClients / 2));

export class NodeClients {
  readonly #options: NodeClientsOptions;
  readonly #suites: readonly Suite[];
  #clients = 0;
  readonly #perNetwork = new PerNetwork();

  constructor(options: NodeClientsOptions) {
    this.#options = options;
    this.#suites = acceptedSuites(options.suite);
  }

  /** Until the client leaves; `address` is where it comes from. @throws ProtocolError, and whatever a text ends with */
  async serve(channel: Channel, address: string): Promise<void> {
    const { sharing, publicBytes, publicPart, node } = this.#options.model;
    const leave = this.#enter(address);
    try {
      const hello = {
        sharing,
        node,
        suites: this.#suites,
        publicBytes: publicBytes.length,
        publicDigest: publicPart.digest,
      };
      channel.send(encodeHello(hello));
      await this.#sendPublic(channel);
      await this.#texts(channel);
    } finally {
      leave();
    }
  }

  /** → what gives the place back. @throws ProtocolError where there is none */
  #enter(address: string): () => void {
    const { maxClients = DEFAULT_MAX_CLIENTS, metrics, model } = this.#options;
    const own = this.#perNetwork.of(address);
    const most = mostPerAddress(maxClients);
    if (this.#clients >= maxClients || own >= most) {
      metrics?.refused('busy');
      const full = own >= most ? `${most} clients of one address` : `${maxClients} clients`;
      throw new ProtocolError(`node ${model.node}: expected at most ${full}, got another`);
    }
    this.#clients++;
    const takeOff = this.#perNetwork.add(address);
    metrics?.clients(1);
    return () => {
      this.#clients--;
      takeOff();
      metrics?.clients(-1);
    };
  }

  /** To a client that wants it. @throws ProtocolError for one that does not know for longer than another node's takes on the slowest line */
  async #sendPublic(channel: Channel): Promise<void> {
    const { model, timeoutMilliseconds } = this.#options;
    const allowed = mostMilliseconds(timeoutMilliseconds, model.publicBytes.length);
    const begin = performance.now();
    for (;;) {
      const [wants] = await channel.receive(1);
      if (wants === WANTS.yes) return channel.send(model.publicBytes);
      if (wants === WANTS.no) return;
      if (wants !== WANTS.later || performance.now() - begin > allowed)
        throw new ProtocolError(
          `node ${model.node}: expected a client to say in ${allowed / 1000} s whether it wants the public part, got ${wants}`,
        );
    }
  }

  async #texts(channel: Channel): Promise<void> {
    const { node, publicPart } = this.#options.model;
    for (let answered = 0; ; answered++) {
      let request: TextRequest;
      try {
        request = await receiveRequest(channel, publicPart.model.maxTokens);
      } catch (error) {
        if (!(error instanceof PeerClosedError)) throw error;
        this.#options.log(
          `node ${node}: a client left after ${answered} ${answered === 1 ? 'text' : 'texts'}`,
        );
        return channel.close();
      }
      await this.#text(request, channel);
    }
  }

  /** Until it is answered. */
  async #text(request: TextRequest, channel: Channel): Promise<void> {
    if (request.buckets.length === 0) throw new ProtocolError('request: expected a text, got none');
    if (!this.#suites.includes(request.suite))
      throw new ProtocolError(
        `request: expected the suite ${this.#suites.join(' or ')}, got ${request.suite}`,
      );
    const error = await this.#options.waiting.answered(request, channel);
    if (error) {
      sendFailure(channel, toldOf(error));
      throw error;
    }
  }
}
