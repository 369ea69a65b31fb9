/** Those whom one process serves, and what they share. */
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerClosedError } from '../core/errors.js';
import { refusal, refusalOf, sendRefusal } from '../net/refusal.js';
import { TcpChannel } from '../net/tcp-channel.js';
import { certificateName } from '../net/tls.js';
import { Admission, type Gate } from './admission.js';
import { Doorkeeper } from './doorkeeper.js';
import { eventLoopUtilization } from './event-loop-utilization.js';
import type { Limits } from './limits.js';
import { MemoryReturn } from './memory-return.js';
import { networkOf } from '../net/network.js';
import type { ServedChannel } from './served-channel.js';
import { type House, type Origin, ServedClient } from './served-client.js';
import type { Log } from './server-log.js';
import { ServerMetrics } from './side-port.js';

/** How many may come. */
export interface Room {
  /** Clients served at a time; connections count after their handshake. */
  readonly maxClients: number;
  /** Clients that may wait for a place, and runs that may wait for their turn; more are refused. None unless given. */
  readonly queueLength?: number;
  /** Protocol runs at a time; two for each core unless given, more as long as the processor is not busy. */
  readonly maxRuns?: number;
  /** Of the clients, from one address; half of all, and four at least, unless given. */
  readonly maxPerAddress?: number;
}

export interface ClientsOptions extends Room {
  readonly options: House['options'];
  readonly timeoutMilliseconds: number;
  readonly limits: Limits;
  readonly gates: Gates;
  readonly log: Log;
  /** Before a client's number in its name: which of several processes serves it. */
  readonly prefix?: string;
}

/** Places for clients, and turns for runs. */
export interface Gates {
  readonly places: Gate;
  readonly turns: Gate;
}

const RUNS_PER_CORE = 2;
/** Over slow lines. */
const MOST_RUNS_PER_CORE = 16;

const mostPerAddress = ({ maxClients, maxPerAddress }: Room): number =>
  maxPerAddress ?? Math.max(4, Math.ceil(maxClients / 2));

/** `utilization`: how busy the processors were lately, 0 to 1. */
export function gatesOf(room: Room, utilization = eventLoopUtilization()): Gates {
  const cores = availableParallelism();
  return {
    places: new Admission({
      slots: room.maxClients,
      slotsPerKey: mostPerAddress(room),
      queueLength: room.queueLength ?? 0,
      what: 'clients are being served',
    }),
    turns: new Admission({
      slots: room.maxRuns ?? RUNS_PER_CORE * cores,
      mostSlots: room.maxRuns ?? MOST_RUNS_PER_CORE * cores,
      // Whoever has a place may wait.
      queueLength: room.maxClients,
      utilization,
      what: 'texts are at work',
    }),
  };
}

export class Clients {
  readonly #open = new Set<ServedClient>();
  readonly #doorkeeper: Doorkeeper;
  readonly #memory = new MemoryReturn({ isBusy: () => [...this.#open].some(({ isBusy }) => isBusy) });
  readonly house: House;
  readonly #prefix: string;
  readonly #timeoutMilliseconds: number;
  #count = 0;

  constructor({ options, limits, gates, log, prefix = '', timeoutMilliseconds, ...room }: ClientsOptions) {
    const { maxClients, queueLength = 0 } = room;
    this.#prefix = prefix;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    this.#doorkeeper = new Doorkeeper({
      maxClients: maxClients + queueLength,
      maxPerAddress: mostPerAddress(room) + Math.ceil(queueLength / 2),
    });
    const { places, turns } = gates;
    const metrics = new ServerMetrics(() => ({ places: places.waiting, turns: turns.waiting }));
    this.house = { options, metrics, limits, places, turns, log, draining: false };
  }

  /** A client that came over TCP or TLS. */
  accept(socket: Socket): void {
    const channel = new TcpChannel(socket, {
      peer: 'the client',
      timeoutMilliseconds: this.#timeoutMilliseconds,
    });
    const { remoteAddress: address = '', remotePort: port = 0 } = socket;
    void this.serve(channel, { address, port, certificate: certificateName(socket) });
  }

  /** Resolves when the client is gone. */
  async serve(
    channel: ServedChannel,
    from: Omit<Origin, 'name'> & { readonly port?: number },
  ): Promise<void> {
    const { house } = this;
    const { address, certificate, port } = from;
    const name = `client ${this.#prefix}${++this.#count} at ${address}${port === undefined ? '' : `:${port}`}`;
    const network = networkOf(address);
    const visit = this.#doorkeeper.knock(network, () => channel.abort(new PeerClosedError('others came')));
    if (typeof visit === 'string') {
      house.metrics.refused('door');
      const fields = { event: 'refused', kind: 'door', address };
      house.log({ level: 'warn', message: `${name}: turned away, ${visit}`, fields });
      try {
        sendRefusal(channel, refusalOf(refusal('busy', visit, 5)));
        channel.flush?.();
      } catch {
        // It has left already.
      }
      return channel.close();
    }
    const client = new ServedClient(channel, { address: network, name, certificate }, visit, house);
    this.#open.add(client);
    house.metrics.clients(1);
    await client.ended;
    this.#open.delete(client);
    house.metrics.clients(-1);
    if (!house.draining) this.#memory.clientLeft();
  }

  /** Nobody new; those in the middle of a text may finish it within so long. */
  async end(graceMilliseconds: number): Promise<void> {
    const { house } = this;
    house.draining = true;
    this.#memory.stop();
    const reason = refusal('ending', 'the server is ending', 5);
    house.places.close(reason);
    if (graceMilliseconds > 0) {
      // Those who wait for their turn are told; those who run go on.
      house.turns.close(reason);
      this.#abort(({ isBusy }) => !isBusy);
      const all = Promise.all([...this.#open].map(({ ended }) => ended));
      const timer = new AbortController();
      await Promise.race([all, sleep(graceMilliseconds, null, { signal: timer.signal }).catch(() => null)]);
      timer.abort();
    }
    this.#abort(() => true);
  }

  #abort(wanted: (client: ServedClient) => boolean): void {
    for (const client of this.#open)
      if (wanted(client)) client.channel.abort(new PeerClosedError('the server is shutting down'));
  }
}
