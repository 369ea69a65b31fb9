/** Helpers of the network tests: raw sockets against our channels. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TcpChannel, type TcpChannelOptions } from '../../../inference/net/tcp-channel.js';

export interface RawPair {
  readonly raw: Socket;
  readonly channel: TcpChannel;
  close(): Promise<void>;
}

/** A channel on the accepting side and a raw socket on the connecting side. */
export async function rawPair(options: Partial<TcpChannelOptions> = {}): Promise<RawPair> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const raw = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await accepted;
  const channel = new TcpChannel(socket, { peer: 'the client', timeoutMilliseconds: 5_000, ...options });
  return {
    raw,
    channel,
    async close() {
      raw.destroy();
      await channel.close();
      server.close();
    },
  };
}

/** Two channels over one TCP connection. */
export async function channelPair(options: Partial<TcpChannelOptions> = {}) {
  const { raw, channel, close } = await rawPair(options);
  const peer = new TcpChannel(raw, { peer: 'the server', timeoutMilliseconds: 5_000, ...options });
  return { server: channel, client: peer, close };
}

/** A channel to whoever connects to the port. */
export async function listening(timeoutMilliseconds = 60_000) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const channel = accepted.then(
    ([socket]) => new TcpChannel(socket, { peer: 'the client', timeoutMilliseconds }),
  );
  return {
    port: (server.address() as AddressInfo).port,
    channel: () => channel,
    close: async () => {
      await (await channel).close();
      server.close();
    },
  };
}

export const patternBytes = (length: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
};
