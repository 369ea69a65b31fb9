/** What the processes of `bench inference --parties 3` are told, and what they tell. Loads nothing that a client is measured by. */
import type { Channel } from '../../inference/net/channel.js';
import type { Classification } from '../../inference/run/classification.js';
import type { Suite } from '../../inference/core/suite.js';
import type { Address } from '../../inference/three-party/links.js';
import type { NetworkName } from '../networks.js';
import type { TraceEvent } from '../trace.js';

interface Task {
  readonly nodes: readonly [Address, Address, Address];
  readonly network: NetworkName;
}

export interface NodeTask extends Task {
  /** The node's folder. */
  readonly shares: string;
  /** After so many it is done. */
  readonly runs: number;
}

export interface ClientTask extends Task {
  readonly suite: Suite;
  /** Of public parts: empty at a first connection. */
  readonly cacheFolder: string;
  /** Texts, one run after another. */
  readonly runs: readonly (readonly string[])[];
}

/** What a node did for each run. */
export interface NodeRun {
  readonly events: readonly TraceEvent[];
  readonly cpuMilliseconds: number;
}

export interface ClientRun {
  readonly milliseconds: number;
  /** Processor time of the client's process from its text to its answer: what it does by itself. */
  readonly cpuMilliseconds: number;
  readonly results: readonly Classification[];
}

/** Until a client can ask: links, and the public part. */
export interface Connection {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly bytes: number;
}

export interface NodeReport {
  readonly runs: readonly NodeRun[];
  readonly peakMemoryBytes: number;
}

export interface ClientReport {
  readonly runs: readonly ClientRun[];
  readonly connection: Connection;
  readonly peakMemoryBytes: number;
  /** Of the process before it loaded anything of the client. */
  readonly bareMemoryBytes: number;
  /** The most after a text of what is the process's alone; null where the system does not tell. */
  readonly ownMemoryBytes: number | null;
}

export type ProcessMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'done'; readonly report: unknown }
  | { readonly kind: 'failed'; readonly message: string };

/** Long enough for the slowest single step of a large model. */
export const TIMEOUT_MILLISECONDS = 30 * 60_000;

export const tell = (message: ProcessMessage) => new Promise((resolve) => process.send!(message, resolve));

/** Processor time of this process since now. */
export function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** A link to imitate the network by; none on loopback. */
export async function through(network: NetworkName): Promise<{ link?: (channel: Channel) => Channel }> {
  if (network === 'loopback') return {};
  const { NETWORKS } = await import('../networks.js');
  const { shapedChannel } = await import('../shaped-channel.js');
  const shape = NETWORKS[network];
  return shape ? { link: (channel) => shapedChannel(channel, shape) } : {};
}
