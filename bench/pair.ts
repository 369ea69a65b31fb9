/**
 * Two processes on this machine, a server and a client party, each with its own memory. The parent only starts them and
 * collects what they report, so that its own work never counts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { PartyId } from '../inference/core/tensors.js';
import { ownModule } from '../util/self-command.js';
import { affinityOf } from './affinity.js';
import { openKernelNetwork } from './kernel-network.js';
import { NETWORKS, type NetworkName } from './networks.js';

/** What a party process is told to do; `job` names an entry of party-process.ts. */
export interface PartyTask {
  readonly role: PartyId;
  readonly job: string;
  readonly parameters: unknown;
  /** What the party's own channel is to imitate. */
  readonly network: NetworkName;
  /** Where the server listens; its port is null at the server, which picks one. */
  readonly host: string;
  readonly port: number | null;
}

/** What a party process tells its parent. */
export type PartyMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'done'; readonly value: unknown; readonly peakMemoryBytes: number }
  | { readonly kind: 'failed'; readonly message: string };

export interface PartyReport {
  readonly value: unknown;
  /** Largest resident set of the process. */
  readonly peakMemoryBytes: number;
}

/** Who delays messages: nobody, the kernel between two namespaces, or the parties' channels. */
export type Shaping = 'none' | 'kernel' | 'channel';

export interface PairReports extends Readonly<Record<PartyId, PartyReport>> {
  readonly shaping: Shaping;
  /** Null where parties run on whatever is free. */
  readonly coresShared: boolean | null;
}

export interface PairOptions {
  readonly job: string;
  readonly parameters: unknown;
  readonly network: NetworkName;
  /** Processors of each party; all unless given. */
  readonly cores?: number | undefined;
  readonly onProgress: (role: PartyId, text: string) => void;
  /** Ends both processes when aborted. */
  readonly signal?: AbortSignal;
}

/** `prefix`: a command that starts another one in a namespace. */
function startParty(prefix: readonly string[], signal: AbortSignal | undefined): ChildProcess {
  const { path, execArgv } = ownModule(new URL('./party-process.js', import.meta.url));
  // Standard output belongs to the results.
  const [command, ...words] = [...prefix, process.execPath, ...execArgv, path];
  return spawn(command!, words, { stdio: ['ignore', 2, 2, 'ipc'], ...(signal ? { signal } : {}) });
}

/** Sends the task and follows the process to its report. */
function followParty(
  child: ChildProcess,
  task: PartyTask,
  onMessage: (message: PartyMessage) => void,
): Promise<PartyReport> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: PartyMessage) => {
      if (message.kind === 'done') resolve(message);
      else if (message.kind === 'failed') reject(new Error(`${task.role}: ${message.message}`));
      else onMessage(message);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${task.role} process ended (${signal ?? code})`)));
    child.send(task);
  });
}

/** Runs one job at both parties. The first failure ends both and is thrown. */
export async function runPair(options: PairOptions): Promise<PairReports> {
  const { job, parameters, onProgress, signal } = options;
  const shape = NETWORKS[options.network];
  const kernel = shape && (await openKernelNetwork(shape));
  if (shape)
    onProgress(
      'client',
      kernel
        ? `the kernel shapes the ${options.network} network between two namespaces`
        : `no root or no netem here: the ${options.network} network is imitated by delaying messages in the sender`,
    );
  const network = kernel ? 'loopback' : options.network;
  const host = kernel?.serverAddress ?? '127.0.0.1';
  const affinity = options.cores === undefined ? null : affinityOf(options.cores);
  const startOf = (role: PartyId) =>
    startParty([...(kernel?.prefix(role) ?? []), ...(affinity?.prefix(role) ?? [])], signal);
  const children = { server: startOf('server'), client: startOf('client') };
  const start = (role: PartyId, port: number | null, onListening: (port: number) => void) =>
    followParty(children[role], { role, job, parameters, network, host, port }, (message) => {
      if (message.kind === 'progress') onProgress(role, message.text);
      if (message.kind === 'listening') onListening(message.port);
    });
  try {
    let server: Promise<PartyReport> | undefined;
    const port = await new Promise<number>((resolve, reject) => {
      server = start('server', null, resolve);
      server.catch(reject);
    });
    const client = start('client', port, () => undefined);
    const [serverReport, clientReport] = await Promise.all([server!, client]);
    const shaping = kernel ? 'kernel' : shape ? 'channel' : 'none';
    return { server: serverReport, client: clientReport, shaping, coresShared: affinity?.shared ?? null };
  } finally {
    for (const child of Object.values(children)) child.kill();
    kernel?.close();
  }
}
