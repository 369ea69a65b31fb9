import { expect, it } from 'vitest';
import { PeerClosedError } from '../../../inference/core/errors.js';
import { networkOf } from '../../../inference/net/network.js';
import type { ServedChannel } from '../../../inference/server/served-channel.js';
import { toyServer } from '../server/toy-party.js';

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
  ['2001:db8::5', '2001:db8:0:0::/64'],
  ['fe80::1:2:3:4%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

/** Says nothing; → what it was sent before it was closed. */
function silentClient() {
  const sent: Uint8Array[] = [];
  let end: (error: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    end = reject;
  });
  ended.catch(() => undefined);
  const channel: ServedChannel = {
    hasHeard: true,
    send: (bytes) => void sent.push(bytes.slice()),
    receive: () => ended,
    close: async () => end(new PeerClosedError('closed')),
    abort: (error) => end(error),
  };
  return { channel, sent };
}

it('all addresses of one network wait at the door as one', async () => {
  const server = await toyServer();
  try {
    const clients = Array.from({ length: 18 }, silentClient);
    clients.forEach(({ channel }, i) => {
      const address = `2001:db8:1:2::${(i + 1).toString(16)}`;
      void server.serveChannel(channel, { address, certificate: null });
    });
    const refused = clients.filter(({ sent }) => sent.length > 0);
    expect(refused).toHaveLength(2);
    const other = silentClient();
    void server.serveChannel(other.channel, { address: '2001:db8:1:3::1', certificate: null });
    expect(other.sent).toHaveLength(0);
  } finally {
    await server.close();
  }
});
