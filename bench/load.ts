/**
 * `npm run bench:load`: how long a client takes for set-up and one text, alone and beside 32 silent connections and 8 that begin the
 * set-up in a loop, from other addresses of this machine. Server, attackers and client are processes of their own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client } from '../inference/client/client.js';
import { FINEST_LOGITS } from '../inference/core/answer.js';
import { encodeHello } from '../inference/net/hello.js';
import { connectTcp } from '../inference/net/tcp-channel.js';
import { openEngineParty } from '../inference/run/engine-party.js';
import { protocolDigest } from '../inference/run/protocol-digest.js';
import { servedModel } from '../inference/server/served-model.js';
import { startServer } from '../inference/server/server.js';
import { parsePublicPart } from '../model/artifact/artifact-file.js';
import { CLIENT_HELLO } from './client-hello.js';
import { tinyArtifact } from './tiny-artifact.js';

const REPEATS = 15;
const SILENT = 32;
const LOOPS = 8;
const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function serve(): Promise<void> {
  const { port } = await startServer({
    model: servedModel(tinyArtifact({ seed: 1 }), { answer: FINEST_LOGITS }),
    open: openEngineParty,
    host: '127.0.0.1',
    port: 0,
    timeoutMilliseconds: 30_000,
    maxClients: 16,
    log: () => undefined,
  });
  process.send!(port);
}

async function open(port: number, localAddress: string): Promise<Socket | null> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), wait(1_000)]).catch(() => undefined);
  return socket.destroyed ? null : socket.resume();
}

async function attack(port: number): Promise<void> {
  const point = Buffer.from('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76', 'hex');
  const first = Buffer.concat([encodeHello(CLIENT_HELLO), Uint8Array.of(1, 0), point]);
  const silent = async (i: number): Promise<never> => {
    for (;;) {
      const socket = await open(port, `127.0.0.${2 + (i % 4)}`);
      if (socket) await new Promise((resolve) => socket.once('close', resolve));
      await wait(10);
    }
  };
  const loop = async (): Promise<never> => {
    for (;;) {
      const socket = await open(port, '127.0.0.9');
      socket?.write(first);
      await wait(20);
      socket?.destroy();
    }
  };
  for (let i = 0; i < SILENT; i++) void silent(i);
  for (let i = 0; i < LOOPS; i++) void loop();
}

/** Milliseconds of set-up and one text, the median. */
async function honest(port: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const started = performance.now();
    const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: 60_000 });
    const client = await Client.open(channel, {
      opens: 'counts',
      terms: {
        protocolDigest: protocolDigest(),
        modelDigest: null,
        lookUp: async () => null,
        parse: parsePublicPart,
      },
      open: openEngineParty,
    });
    await client.classify('a good movie.');
    await client.close();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[REPEATS >> 1]!;
}

async function main(): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  const server = fork(self, ['serve']);
  const [port] = (await once(server, 'message')) as [number];
  const alone = await honest(port);
  const attackers = fork(self, ['attack', String(port)]);
  await wait(2_000);
  const beside = await honest(port);
  for (const child of [attackers, server]) child.kill();
  process.stdout.write(
    `alone ${alone.toFixed(0)} ms, beside ${SILENT} silent connections and ${LOOPS} loops ${beside.toFixed(0)} ms: ${(beside / alone).toFixed(2)} times\n`,
  );
}

const [role, port] = process.argv.slice(2);
if (role === 'serve') await serve();
else if (role === 'attack') await attack(Number(port));
else await main();
