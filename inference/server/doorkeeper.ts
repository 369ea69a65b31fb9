/**
 * Who may come in: bounds on connections that have not said what they want, on clients that are served, and on addresses whose
 * connections keep breaking off before they are set up. Counts only; time comes in through `now`.
 */
import { MOST_WAITING, WAITING_PER_ADDRESS } from '../net/silent-connections.js';

export interface DoorkeeperOptions {
  /** Clients served at a time: connections after their handshake. */
  readonly maxClients: number;
  /** Of these, from one address. */
  readonly maxPerAddress: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Connections of an address that broke off before they were set up, each of which cost a server some cryptography: so many
 * are forgiven, and then so many a second. */
const FORGIVEN = 16;
const FORGIVEN_PER_SECOND = 2;
/** Addresses that are remembered. */
const MOST_ADDRESSES = 4096;

/** One connection, from its acceptance to its end. */
export interface Visit {
  /** The handshake is done: takes a place. Returns why there is none, or null. */
  enter(): string | null;
  /** Keys are exchanged. */
  ready(): void;
  leave(): void;
}

interface Address {
  waiting: number;
  served: number;
  /** Broken off, less what is forgiven since `at`. */
  brokenOff: number;
  at: number;
}

interface Waiting {
  readonly address: Address;
  readonly evict: () => void;
}

export class Doorkeeper {
  readonly #options: Required<DoorkeeperOptions>;
  readonly #addresses = new Map<string, Address>();
  readonly #waiting = new Set<Waiting>();
  #served = 0;

  constructor(options: DoorkeeperOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  get served(): number {
    return this.#served;
  }

  /** A connection came; `evict` ends it, should others need its place at the door. Returns why it may not stay, or its visit. */
  knock(from: string, evict: () => void): string | Visit {
    const address = this.#address(from);
    if (address.waiting >= WAITING_PER_ADDRESS) return 'too many connections of its address wait';
    if (address.brokenOff >= FORGIVEN) return 'too many connections of its address broke off';
    const [oldest] = this.#waiting;
    if (oldest && this.#waiting.size >= MOST_WAITING) {
      this.#stopWaiting(oldest);
      oldest.evict();
    }
    const waiting = { address, evict };
    this.#waiting.add(waiting);
    address.waiting++;
    return this.#visit(waiting);
  }

  #visit(waiting: Waiting): Visit {
    const { address } = waiting;
    let state: 'waiting' | 'setting up' | 'ready' | 'gone' = 'waiting';
    return {
      enter: () => {
        this.#stopWaiting(waiting);
        const { maxClients, maxPerAddress } = this.#options;
        if (this.#served >= maxClients) return `${this.#served} clients are being served`;
        if (address.served >= maxPerAddress)
          return `${address.served} clients of its address are being served`;
        state = 'setting up';
        this.#served++;
        address.served++;
        return null;
      },
      ready: () => {
        state = 'ready';
      },
      leave: () => {
        this.#stopWaiting(waiting);
        if (state === 'setting up' || state === 'ready') {
          this.#served--;
          address.served--;
        }
        if (state === 'setting up') address.brokenOff++;
        state = 'gone';
      },
    };
  }

  #stopWaiting(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) waiting.address.waiting--;
  }

  /** Up to date, and the last one in order. */
  #address(from: string): Address {
    const now = this.#options.now();
    const known = this.#addresses.get(from);
    const address = known ?? { waiting: 0, served: 0, brokenOff: 0, at: now };
    address.brokenOff = Math.max(0, address.brokenOff - ((now - address.at) / 1000) * FORGIVEN_PER_SECOND);
    address.at = now;
    this.#addresses.delete(from);
    this.#addresses.set(from, address);
    if (this.#addresses.size > MOST_ADDRESSES) this.#forgetOne();
    return address;
  }

  /** The one that came longest ago and has nothing open. */
  #forgetOne(): void {
    for (const [name, { waiting, served }] of this.#addresses)
      if (waiting + served === 0) {
        this.#addresses.delete(name);
        return;
      }
  }
}
