/** One client's connection as a server sees it, from its first byte to its last: who it is, what it may, what is logged of it. */
import { randomBytes } from 'node:crypto';
import { PeerClosedError, PeerTimeoutError } from '../core/errors.js';
import { CONNECTION_BYTES } from '../net/hello.js';
import { RefusedError, refusal, refusalOf, sendRefusal } from '../net/refusal.js';
import { HANDSHAKE_MILLISECONDS } from '../net/tls.js';
import { receiveToken } from '../net/token.js';
import type { Cost } from '../session/meter.js';
import type { Gate } from './admission.js';
import type { Visit } from './doorkeeper.js';
import type { Limits } from './limits.js';
import { type ServeConnectionOptions, serveConnection, type Tell } from './serve-connection.js';
import type { ServedChannel } from './served-channel.js';
import type { Log, LogLevel, LogRecord } from './server-log.js';
import type { ServerMetrics } from './side-port.js';
import { DEFAULT_LINE_TERMS, type LineTerms, LineWatch, watchForSlowness } from './slow-run.js';
import type { Tokens } from './tokens.js';

/** Where a connection comes from. */
export interface Origin {
  /** For limits: without the port, of IPv6 its network (network.ts). */
  readonly address: string;
  /** For the log. */
  readonly name: string;
  /** The name in a certificate that the client showed; null without. */
  readonly certificate: string | null;
}

/** What all connections share. */
export interface House {
  readonly options: Pick<ServeConnectionOptions, 'model' | 'open' | 'pools' | 'onHandshake'> & {
    readonly tokens?: Tokens | null;
    readonly handshakeMilliseconds?: number;
    /** A run that takes longer ends its connection; no bound unless given. */
    readonly longestRunMilliseconds?: number;
    /** A run that keeps the server waiting for longer gives its turn back. */
    readonly line?: LineTerms;
  };
  readonly metrics: ServerMetrics;
  readonly limits: Limits;
  /** Places for clients. */
  readonly places: Gate;
  /** Runs at a time. */
  readonly turns: Gate;
  readonly log: Log;
  draining: boolean;
}

const formatCost = ({ milliseconds, sentBytes, receivedBytes, rounds }: Cost): string =>
  `${Math.round(milliseconds)} ms, ${((sentBytes + receivedBytes) / 1e6).toFixed(2)} MB, ${rounds} rounds`;

export class ServedClient {
  /** Whoever knows the connection's end. */
  readonly ended: Promise<void>;
  readonly #connection = randomBytes(CONNECTION_BYTES).toString('hex');
  readonly #started = performance.now();
  readonly #handshake: NodeJS.Timeout;
  #name: string;
  #identity: string;
  #texts = 0;
  #runs = 0;
  #isBusy = false;
  #leave: (() => void)[] = [];
  readonly #line = new LineWatch();
  readonly channel: ServedChannel;

  constructor(
    channel: ServedChannel,
    private readonly origin: Origin,
    private readonly visit: Visit,
    private readonly house: House,
  ) {
    this.channel = this.#line.watch(channel);
    this.#name = origin.name;
    this.#identity = `address ${origin.address}`;
    const milliseconds = house.options.handshakeMilliseconds ?? HANDSHAKE_MILLISECONDS;
    this.#handshake = setTimeout(() => {
      const message = `the client did not finish the handshake in ${milliseconds / 1000} s`;
      channel.abort(new PeerTimeoutError(message));
    }, milliseconds);
    this.ended = this.#serve();
  }

  /** In the middle of a request. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  async #serve(): Promise<void> {
    const { channel, house, visit } = this;
    try {
      await this.#identify();
      const { model, open, pools = null } = house.options;
      await serveConnection(channel, {
        ...{ model, open, pools },
        connection: this.#connection,
        owner: this.#identity,
        onHandshake: (agreement, tell, served) => this.#enter(agreement, tell, served),
        onReady: () => visit.ready(),
        takeTurn: (texts, tell) => this.#takeTurn(texts, tell),
        onMaterial: (bytes) => house.limits.material(this.#identity, bytes),
        isLast: () => house.draining,
        onText: (text) => this.#onText(text),
        onPoolLost: (reason) =>
          this.#log('warn', 'pool-lost', `a pool of material is lost: ${reason}`, { reason }),
      });
      this.#log('info', 'goodbye', `said goodbye ${this.#afterwards()}`);
    } catch (error) {
      this.#onFailure(error as Error);
    } finally {
      clearTimeout(this.#handshake);
      for (const leave of this.#leave) leave();
      visit.leave();
      await channel.close();
    }
  }

  /** Who is asking: by token, by certificate, or an address. @throws ProtocolError */
  async #identify(): Promise<void> {
    const { tokens } = this.house.options;
    const { certificate, name } = this.origin;
    if (tokens) this.#identity = await this.#tokenName(tokens);
    else if (certificate !== null) this.#identity = `certificate ${certificate}`;
    else return;
    this.#name = `${name} (${this.#identity.replace(/^\w+ /, '')})`;
  }

  async #tokenName(tokens: Tokens): Promise<string> {
    try {
      const name = await tokens.nameOf(await receiveToken(this.channel));
      if (name === null) throw refusal('token', 'expected a token that is valid, got another');
      return `token ${name}`;
    } catch (error) {
      if (error instanceof PeerClosedError || error instanceof PeerTimeoutError) throw error;
      sendRefusal(this.channel, { ...refusalOf(error as Error), kind: 'token' });
      this.channel.flush?.();
      throw error;
    }
  }

  /** After the handshake: a place, where there is one. @throws RefusedError */
  async #enter(...[agreement, tell, model]: Parameters<NonNullable<House['options']['onHandshake']>>) {
    const { house, visit, origin } = this;
    clearTimeout(this.#handshake);
    await house.options.onHandshake?.(agreement, tell, model);
    const reason = visit.enter();
    if (reason !== null) throw refusal('busy', `turned away, ${reason}`, 5);
    this.#leave.push(await house.limits.connect(this.#identity));
    this.#leave.push(await house.places.enter(origin.address, tell));
    const { name } = model.terms;
    this.#log('info', 'connected', `connected${name === undefined ? '' : `, model ${name}`}`, {
      model: name ?? model.terms.modelDigest,
    });
  }

  async #takeTurn(texts: number, tell: Tell): Promise<() => void> {
    const { house, origin } = this;
    const asked = performance.now();
    if (house.draining) throw refusal('ending', 'the server is ending', 5);
    if (texts > 0) await house.limits.texts(this.#identity, texts);
    this.#isBusy = true;
    let leave: () => void;
    try {
      leave = await house.turns.enter(origin.address, tell);
    } catch (error) {
      this.#isBusy = false;
      throw error;
    }
    house.metrics.waited(performance.now() - asked);
    if (texts > 0) this.#runs++;
    const request = `${this.#connection}-${this.#runs}`;
    this.#log('debug', 'begun', texts > 0 ? `begins a run of ${texts}` : 'makes material', {
      request,
      texts,
    });
    house.metrics.running(1);
    const watch = this.#watchRun();
    const stopLooking = watchForSlowness(this.#line, house.options.line ?? DEFAULT_LINE_TERMS, () => {
      house.metrics.slow();
      this.#log('info', 'slow', 'keeps the server waiting: goes on without a turn', { request });
      leave();
    });
    return () => {
      clearTimeout(watch);
      stopLooking();
      this.#isBusy = false;
      house.metrics.running(-1);
      leave();
    };
  }

  /** Whoever keeps a turn for longer than anybody may gives it back, and its place too. */
  #watchRun(): NodeJS.Timeout | undefined {
    const { longestRunMilliseconds } = this.house.options;
    if (longestRunMilliseconds === undefined) return undefined;
    const message = `the run was not done in ${longestRunMilliseconds / 1000} s, the longest that a run may take here`;
    return setTimeout(() => this.channel.abort(new PeerTimeoutError(message)), longestRunMilliseconds);
  }

  #onText({ bucket, cost, ahead, batchSize }: Parameters<ServeConnectionOptions['onText']>[0]): void {
    this.#texts++;
    this.house.metrics.text(bucket, cost);
    if (ahead.milliseconds > 0) this.#log('info', 'ahead', `made ahead: ${formatCost(ahead)}`, { ...ahead });
    const batch = batchSize > 1 ? ` in a batch of ${batchSize}` : '';
    const request = `${this.#connection}-${this.#runs}`;
    const message = `text ${this.#texts}, ${bucket} tokens padded: ${formatCost(cost)}${batch}`;
    this.#log('info', 'text', message, { request, text: this.#texts, bucket, batch: batchSize, ...cost });
  }

  #onFailure(error: Error): void {
    const { message } = error;
    const { metrics } = this.house;
    if (error instanceof RefusedError) {
      metrics.refused(error.kind);
      this.#log('warn', 'refused', `refused: ${message}`, { kind: error.kind });
    } else if (this.channel.hasHeard === false) {
      // Health checks, port scans: they connect and say nothing.
      metrics.probed();
      this.#log('debug', 'probe', `said nothing ${this.#afterwards()} (${message})`);
    } else if (error instanceof PeerClosedError)
      this.#log('info', 'left', `left ${this.#afterwards()} (${message})`);
    else {
      metrics.failed();
      const code = 'code' in error ? String(error.code) : 'unknown';
      this.#log('warn', 'failed', `failed ${this.#afterwards()}: ${message}`, { code });
    }
  }

  #afterwards(): string {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    return `after ${this.#texts} ${this.#texts === 1 ? 'text' : 'texts'}, ${seconds} s`;
  }

  #log(
    level: LogLevel,
    event: string,
    message: string,
    fields: Omit<LogRecord['fields'], 'event'> = {},
  ): void {
    const { address } = this.origin;
    this.house.log({
      level,
      message: `${this.#name}: ${message}`,
      fields: { event, connection: this.#connection, address, identity: this.#identity, ...fields },
    });
  }
}
