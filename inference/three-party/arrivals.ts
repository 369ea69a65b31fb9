/** Connections to a node until they say whether a node or a client comes: so many, and each so long. */
import type { Socket } from 'node:net';
import { PeerTimeoutError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';
import { SilentConnections } from '../net/silent-connections.js';
import { HANDSHAKE_MILLISECONDS } from '../net/tls.js';
import type { ServedChannel } from '../server/served-channel.js';
import { receiveOpening } from './messages.js';

export class Arrivals {
  readonly #silent = new SilentConnections();

  /** What comes over `channel`, which is led through `own` over `socket`. @throws ProtocolError, and PeerTimeoutError of one that does not say it soon */
  async roleOf(channel: Channel, own: ServedChannel, socket: Socket): Promise<'node' | 'client'> {
    this.#silent.came(socket);
    const deadline = setTimeout(() => {
      const seconds = HANDSHAKE_MILLISECONDS / 1000;
      own.abort(new PeerTimeoutError(`a peer did not say in ${seconds} s whether it is a node or a client`));
    }, HANDSHAKE_MILLISECONDS);
    try {
      return await receiveOpening(channel);
    } finally {
      clearTimeout(deadline);
      this.#silent.finished(socket);
    }
  }
}
