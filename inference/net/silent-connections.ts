/**
 * Connections that have not done the first thing that is asked of them: TLS, of which Node tells a server only when it is done, or to say whether
 * it is a node or a client that comes. Nobody else counts them, and silent ones would take all descriptors of a process.
 */
import { networkOf } from './network.js';

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

export class SilentConnections {
  /** By name, the oldest first. */
  readonly #sockets = new Map<string, Arrival>();
  readonly #byAddress = new Map<string, number>();

  /** A connection came. One too many of its address is ended; of all, the oldest one. */
  came(socket: Arrival): void {
    const address = networkOf(socket.remoteAddress ?? '');
    const name = nameOf(socket);
    // One without an address is closed already.
    if (address === '' || (this.#byAddress.get(address) ?? 0) >= WAITING_PER_ADDRESS) {
      socket.destroy();
      return;
    }
    if (this.#sockets.size >= MOST_WAITING) {
      const [oldest, waiting] = this.#sockets.entries().next().value!;
      this.#leave(oldest);
      waiting.destroy();
    }
    this.#sockets.set(name, socket);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.once('close', () => {
      if (this.#sockets.get(name) === socket) this.#leave(name);
    });
  }

  /** It has done that; over TLS, another object stands for it. */
  finished(socket: Arrival): void {
    this.#leave(nameOf(socket));
  }

  #leave(name: string): void {
    const socket = this.#sockets.get(name);
    if (!socket) return;
    this.#sockets.delete(name);
    const [remote] = name.split(' ');
    const address = networkOf(remote!);
    const left = this.#byAddress.get(address)! - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
