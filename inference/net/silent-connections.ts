/**
 * Connections that have not done the first thing that is asked of them: TLS, of which Node tells a server only when it is done, or to say whether
 * it is a node or a client that comes. Nobody else counts them, and silent ones would take all descriptors of a process.
 */
import { PerNetwork } from './per-network.js';

/** From one address, and in all. */
export const WAITING_PER_ADDRESS = 16;
export const MOST_WAITING = 128;

/** What it needs of a socket. */
interface Arrival {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localPort?: number | undefined;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** The two ends' addresses and ports, which a connection has from before TLS on. */
const nameOf = ({ remoteAddress, remotePort, localPort }: Arrival): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;

interface Waiting {
  readonly socket: Arrival;
  readonly takeOff: () => void;
}

export class SilentConnections {
  /** By name, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #perNetwork = new PerNetwork();

  /** A connection came. One too many of its address is ended; of all, the oldest one. */
  came(socket: Arrival): void {
    const { remoteAddress: address = '' } = socket;
    const name = nameOf(socket);
    // One without an address is closed already.
    if (address === '' || this.#perNetwork.of(address) >= WAITING_PER_ADDRESS) {
      socket.destroy();
      return;
    }
    if (this.#waiting.size >= MOST_WAITING) {
      const [oldest, waiting] = this.#waiting.entries().next().value!;
      this.#leave(oldest);
      waiting.socket.destroy();
    }
    this.#waiting.set(name, { socket, takeOff: this.#perNetwork.add(address) });
    socket.once('close', () => {
      if (this.#waiting.get(name)?.socket === socket) this.#leave(name);
    });
  }

  /** It has done that; over TLS, another object stands for it. */
  finished(socket: Arrival): void {
    this.#leave(nameOf(socket));
  }

  #leave(name: string): void {
    this.#waiting.get(name)?.takeOff();
    this.#waiting.delete(name);
  }
}
