/** Those who connect and say nothing, or only what costs the server most, must not keep others out. Counts, no times. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CLIENT_HELLO } from '../../../bench/client-hello.js';
import { Client } from '../../../inference/client/client.js';
import { DEFAULT_ANSWER } from '../../../inference/core/answer.js';
import { encodeHello } from '../../../inference/net/hello.js';
import { connectTcp } from '../../../inference/net/tcp-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { engineClient } from '../client/engine-client.js';
import { toyServer } from './toy-party.js';

const hello = encodeHello({ ...CLIENT_HELLO, answer: DEFAULT_ANSWER.kind });
/** The generator of ristretto255: a valid first message of base OTs. */
const POINT = Buffer.from('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76', 'hex');
const FIRST_MESSAGES = Buffer.concat([hello, Uint8Array.of(1, 0), POINT]);

async function silent(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Connects, says what makes the server compute, leaves, and again. */
function loop(port: number, localAddress: string) {
  let isStopped = false;
  let sent = 0;
  const done = (async () => {
    while (!isStopped) {
      const socket = await silent(port, localAddress);
      socket.write(FIRST_MESSAGES);
      sent++;
      const closed = new Promise((resolve) => socket.resume().once('close', resolve));
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 20))]);
      socket.destroy();
    }
  })();
  return {
    sent: () => sent,
    stop: () => {
      isStopped = true;
      return done;
    },
  };
}

describe('a server', () => {
  it('answers a client beside 32 silent connections and 8 that begin the set-up in a loop', async () => {
    const { port, lines, close } = await toyServer({
      open: openEngineParty,
      maxClients: 16,
      timeoutMilliseconds: 20_000,
      handshakeMilliseconds: 30_000,
    });
    const sockets = await Promise.all(
      Array.from({ length: 32 }, (_, i) => silent(port, `127.0.0.${2 + (i % 4)}`)),
    );
    const loops = Array.from({ length: 8 }, () => loop(port, '127.0.0.9'));
    while (loops.reduce((sum, { sent }) => sum + sent(), 0) < 40)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: 20_000 });
    const client = await Client.open(channel, engineClient);
    expect((await client.classify('a good movie.')).label).toBeTypeOf('number');
    await client.close();
    await Promise.all(loops.map(({ stop }) => stop()));
    // What the loops made the server compute stays within what an address is forgiven.
    const begun = lines.filter((line) => /at 127\.0\.0\.9:\d+: connected$/.test(line)).length;
    expect(begun).toBeLessThan(16 + 8 + 2 * 60);
    expect(lines.some((line) => line.includes('of its address broke off'))).toBe(true);
    for (const socket of sockets) socket.destroy();
    await close();
  });

  it('ends connections that do not finish the handshake', async () => {
    const { port, lines, close } = await toyServer({
      handshakeMilliseconds: 50,
      timeoutMilliseconds: 20_000,
    });
    const socket = await silent(port, '127.0.0.1');
    socket.write(hello.subarray(0, 20));
    await once(socket.resume(), 'close');
    expect(lines.join('\n')).toContain('did not finish the handshake in 0.05 s');
    await close();
  });
});
