/** A node or the client of `bench inference --parties 3`, as a process of its own (started by inference.ts). */
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { withSpan } from '../../inference/core/span.js';
import type { Channel } from '../../inference/net/channel.js';
import { setV8Flags } from '../../inference/run/v8-flags.js';
import type { Classification } from '../../inference/run/classification.js';
import type { Address } from '../../inference/three-party/links.js';
import { NodeServer } from '../../inference/three-party/node-server.js';
import { connectNodes } from '../../inference/three-party/connect-nodes.js';
import { readNodeModel } from '../../inference/three-party/share-model.js';
import { peakMemoryBytes } from '../measure.js';
import { NETWORKS, type NetworkName } from '../networks.js';
import { shapedChannel } from '../shaped-channel.js';
import { Trace, type TraceEvent } from './trace.js';

export interface ProcessTask {
  /** The node's folder of shares; null at the client. */
  readonly shares: string | null;
  readonly nodes: readonly [Address, Address, Address];
  readonly network: NetworkName;
  /** The client's texts, one run after another: the first, of a short one, has the weights prepared. */
  readonly runs: readonly (readonly string[])[];
}

/** What a node did for each run. */
export interface NodeRun {
  readonly events: readonly TraceEvent[];
  readonly cpuMilliseconds: number;
}

export interface ClientRun {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly results: readonly Classification[];
}

export type ProcessMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly text: string }
  | {
      readonly kind: 'done';
      readonly runs: readonly (NodeRun | ClientRun)[];
      readonly peakMemoryBytes: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** Long enough for the slowest single step of a large model. */
const TIMEOUT_MILLISECONDS = 30 * 60_000;

const tell = (message: ProcessMessage) => new Promise((resolve) => process.send!(message, resolve));

/** Processor time of this process since now. */
function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

function through(network: NetworkName): { link?: (channel: Channel) => Channel } {
  const shape = NETWORKS[network];
  return shape ? { link: (channel) => shapedChannel(channel, shape) } : {};
}

/** Serves until all texts are done. */
async function runNode({ shares, nodes, network, runs: all }: ProcessTask): Promise<NodeRun[]> {
  const runs: NodeRun[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const server = await NodeServer.start({
    model: await readNodeModel(shares!),
    peers: nodes,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    ...through(network),
    async around(node, body) {
      const trace = new Trace();
      const cpu = cpuClock();
      const next = trace.channel(node.next, (node.index + 1) % 3);
      const previous = trace.channel(node.previous, (node.index + 2) % 3);
      const span = trace.span('text');
      const value = await withSpan(span, () => body({ ...node, next, previous }));
      span.end();
      runs.push({ events: trace.events, cpuMilliseconds: cpu() });
      if (runs.length === all.length) finish();
      return value;
    },
  });
  await tell({ kind: 'ready' });
  await finished;
  // The client's last answer leaves before the link ends.
  await new Promise((resolve) => process.once('message', resolve));
  await server.close();
  return runs;
}

async function runClient({ nodes, network, runs: all }: ProcessTask): Promise<ClientRun[]> {
  const client = await connectNodes({
    nodes,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    answer: FINEST_LOGITS,
    ...through(network),
  });
  const runs: ClientRun[] = [];
  for (const [i, texts] of all.entries()) {
    const cpu = cpuClock();
    const started = performance.now();
    const results = await client.classifyBatch(texts);
    runs.push({ milliseconds: performance.now() - started, cpuMilliseconds: cpu(), results });
    await tell({ kind: 'progress', text: i === 0 ? 'set up' : `run ${i} of ${all.length - 1}` });
  }
  await client.close();
  return runs;
}

setV8Flags();
// Never outlives the parent.
process.once('disconnect', () => process.exit(1));
process.once('message', (task: ProcessTask) => {
  (task.shares === null ? runClient(task) : runNode(task))
    .then((runs) => tell({ kind: 'done', runs, peakMemoryBytes: peakMemoryBytes() }))
    .catch((error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }))
    .finally(() => process.exit());
});
