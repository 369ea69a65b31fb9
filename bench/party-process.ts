/** One party of a benchmark, as a process of its own (started by pair.ts). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Channel } from '../inference/net/channel.js';
import { connectTcp, TcpChannel } from '../inference/net/tcp-channel.js';
import { setV8Flags } from '../inference/run/v8-flags.js';
import { inferenceJob } from './inference-job.js';
import type { JobParty } from './job-party.js';
import { peakMemoryBytes } from './measure.js';
import { NETWORKS } from './networks.js';
import type { PartyMessage, PartyTask } from './pair.js';
import { protocolsJob } from './protocols-job.js';
import { shapedChannel } from './shaped-channel.js';

const JOBS: Readonly<Record<string, (party: JobParty, parameters: unknown) => Promise<unknown>>> = {
  inference: inferenceJob,
  protocols: protocolsJob,
};

/** Long enough for the slowest single step of a large model. */
const TIMEOUT_MILLISECONDS = 30 * 60_000;

const tell = (message: PartyMessage) => new Promise((resolve) => process.send!(message, resolve));

/** The first client that connects to a port of the system's choice. */
async function listen(host: string): Promise<Channel> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const connected = once(server, 'connection');
  await tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
  const [socket] = (await connected) as [Socket];
  server.close();
  return new TcpChannel(socket, { peer: 'the client', timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}

async function run({ role, job, parameters, network, host, port }: PartyTask): Promise<void> {
  const body = JOBS[job];
  if (!body) throw new Error(`job: expected one of ${Object.keys(JOBS).join(', ')}, got ${job}`);
  const plain =
    port === null
      ? await listen(host)
      : await connectTcp(host, port, { timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  const shape = NETWORKS[network];
  const channel = shape ? shapedChannel(plain, shape) : plain;
  const progress = (text: string) => void tell({ kind: 'progress', text });
  const value = await body({ self: role, channel, progress }, parameters);
  await channel.close();
  await tell({ kind: 'done', value, peakMemoryBytes: peakMemoryBytes() });
}

setV8Flags();
// Never outlives the parent.
process.once('disconnect', () => process.exit(1));
process.once('message', (task: PartyTask) => {
  run(task)
    .catch((error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }))
    .finally(() => process.exit());
});
