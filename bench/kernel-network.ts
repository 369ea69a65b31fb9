/**
 * A network between two network namespaces, shaped by the kernel (tc-netem): what the channel's own shaping imitates. Needs
 * Linux, root, iproute2, util-linux and a kernel with netem; where one of these is missing there is none.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PartyId } from '../inference/core/tensors.js';
import type { Network } from './networks.js';

const run = promisify(execFile);

export interface KernelNetwork {
  /** Starts a command in a party's namespace when put before it. */
  prefix(party: PartyId): readonly [string, ...string[]];
  /** Where the server listens, as its namespace and the client's see it. */
  readonly serverAddress: string;
  /** Removes the namespaces and what lies between them. */
  close(): void;
}

/** Of a private range; the namespaces see nothing else. */
const ADDRESSES: Readonly<Record<PartyId, string>> = { server: '10.77.0.1', client: '10.77.0.2' };
const DEVICE = 'cipherprune0';
const NAMESPACE_MILLISECONDS = 2_000;

/** What tc is told: each end delays and limits what it sends. */
const netem = ({ bitsPerSecond, roundTripMilliseconds }: Network): string[] => [
  ...['netem', 'delay', `${1000 * (roundTripMilliseconds / 2)}us`],
  ...['rate', `${bitsPerSecond}bit`, 'limit', '1000000'],
];

/** A process that holds a namespace of its own open. */
async function holdNamespace(): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  await once(holder, 'spawn');
  const own = await readlink('/proc/self/ns/net');
  const end = performance.now() + NAMESPACE_MILLISECONDS;
  while (holder.exitCode === null && performance.now() < end) {
    if ((await readlink(`/proc/${holder.pid}/ns/net`)) !== own) return holder;
    await sleep(5);
  }
  holder.kill('SIGKILL');
  throw new Error('unshare: no new network namespace');
}

const enter = (holder: ChildProcess): readonly [string, ...string[]] => [
  'nsenter',
  ...['--target', String(holder.pid), '--net'],
];

async function prepareEnd(
  holder: ChildProcess,
  address: string,
  discipline: readonly string[],
): Promise<void> {
  const [command, ...entering] = enter(holder);
  for (const words of [
    ['ip', 'address', 'add', `${address}/30`, 'dev', DEVICE],
    ['ip', 'link', 'set', DEVICE, 'up'],
    ['tc', 'qdisc', 'add', 'dev', DEVICE, 'root', ...discipline],
  ])
    await run(command, [...entering, ...words]);
}

/** Null where the machine or its kernel cannot. `discipline`: what tc shapes with. */
export async function openKernelNetwork(
  network: Network,
  discipline: readonly string[] = netem(network),
): Promise<KernelNetwork | null> {
  const holders: ChildProcess[] = [];
  const close = () => {
    for (const holder of holders) holder.kill('SIGKILL');
  };
  try {
    holders.push(await holdNamespace());
    holders.push(await holdNamespace());
    const [server, client] = holders as [ChildProcess, ChildProcess];
    const at = ({ pid }: ChildProcess): string[] => ['name', DEVICE, 'netns', String(pid)];
    await run('ip', ['link', 'add', ...at(server), 'type', 'veth', 'peer', ...at(client)]);
    await prepareEnd(server, ADDRESSES.server, discipline);
    await prepareEnd(client, ADDRESSES.client, discipline);
    return {
      prefix: (party) => enter(party === 'server' ? server : client),
      serverAddress: ADDRESSES.server,
      close,
    };
  } catch {
    close();
    return null;
  }
}
