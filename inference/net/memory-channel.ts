/** Two ends of a byte stream within one process: for tests, and for both parties in one process. */
import { PeerClosedError } from '../core/errors.js';
import { giveBack } from '../core/words.js';
import type { Channel } from './channel.js';
import { ReceiveQueue } from './receive-queue.js';

class MemoryChannel implements Channel {
  readonly incoming = new ReceiveQueue();
  peer: MemoryChannel | null = null;
  #closed = false;

  constructor(readonly name: string) {}

  /** A copy: the peer may be slow to read. */
  send(bytes: Uint8Array): void {
    if (this.#closed) throw new PeerClosedError(`${this.name}: sending on a closed channel`);
    this.peer?.incoming.push(bytes.slice());
  }

  sendTaken(bytes: Uint8Array): void {
    this.send(bytes);
    giveBack(bytes);
  }

  receive(byteLength: number): Promise<Uint8Array> {
    return this.incoming.take(byteLength);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.incoming.fail(new PeerClosedError(`${this.name}: this end was closed`));
    this.peer?.incoming.fail(new PeerClosedError(`${this.peer.name}: the peer closed the channel`));
  }
}

/** The two ends, [server, client]. What arrives is a copy: neither end can change the other's buffers. */
export function memoryChannelPair(): readonly [server: Channel, client: Channel] {
  const server = new MemoryChannel('server');
  const client = new MemoryChannel('client');
  server.peer = client;
  client.peer = server;
  return [server, client];
}
