/**
 * Two processes on this machine, a server and a client party, each with its own memory. The parent only starts them and
 * collects what they report, so that its own work never counts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PartyId } from '../inference/backends/backend.js';
import type { NetworkName } from './networks.js';

/** What a party process is told to do; `job` names an entry of party-process.ts. */
export interface PartyTask {
  readonly role: PartyId;
  readonly job: string;
  readonly parameters: unknown;
  readonly network: NetworkName;
  /** Where the server listens; null at the server, which picks a port. */
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

export interface PairOptions {
  readonly job: string;
  readonly parameters: unknown;
  readonly network: NetworkName;
  readonly onProgress: (role: PartyId, text: string) => void;
  /** Ends both processes when aborted. */
  readonly signal?: AbortSignal;
}

function startParty(signal: AbortSignal | undefined): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./party-process${extension}`, import.meta.url));
  // From the sources the child needs the same loader as we have.
  const execArgv = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];
  // Standard output belongs to the results.
  return fork(entry, [], { execArgv, stdio: ['ignore', 2, 2, 'ipc'], ...(signal ? { signal } : {}) });
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
export async function runPair(options: PairOptions): Promise<Record<PartyId, PartyReport>> {
  const { job, parameters, network, onProgress, signal } = options;
  const children = { server: startParty(signal), client: startParty(signal) };
  const start = (role: PartyId, port: number | null, onListening: (port: number) => void) =>
    followParty(children[role], { role, job, parameters, network, port }, (message) => {
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
    return { server: serverReport, client: clientReport };
  } finally {
    for (const child of Object.values(children)) child.kill();
  }
}
