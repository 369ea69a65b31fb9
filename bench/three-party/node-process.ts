/** A node of `bench inference --parties 3`, as a process of its own (started by inference.ts). */
import { withSpan } from '../../inference/core/span.js';
import { setV8Flags } from '../../inference/run/v8-flags.js';
import { NodeServer } from '../../inference/three-party/node-server.js';
import { readNodeModel } from '../../inference/three-party/share-model.js';
import { peakMemoryBytes } from '../measure.js';
import { cpuClock, type NodeRun, type NodeTask, TIMEOUT_MILLISECONDS, tell, through } from './task.js';
import { Trace } from '../trace.js';

/** Serves until all texts are done. */
async function runNode({ shares, nodes, network, runs: all }: NodeTask): Promise<NodeRun[]> {
  const runs: NodeRun[] = [];
  const shaped = await through(network);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const server = await NodeServer.start({
    model: await readNodeModel(shares),
    peers: nodes,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    ...shaped,
    async around(node, body) {
      const trace = new Trace();
      const cpu = cpuClock();
      const next = trace.channel(node.next, (node.index + 1) % 3);
      const previous = trace.channel(node.previous, (node.index + 2) % 3);
      const span = trace.span('text');
      const value = await withSpan(span, () => body({ ...node, next, previous }));
      span.end();
      runs.push({ events: trace.events, cpuMilliseconds: cpu() });
      if (runs.length === all) finish();
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

setV8Flags();
// Never outlives the parent.
process.once('disconnect', () => process.exit(1));
process.once('message', (task: NodeTask) => {
  runNode(task)
    .then((runs) => tell({ kind: 'done', report: { runs, peakMemoryBytes: peakMemoryBytes() } }))
    .catch((error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }))
    .finally(() => process.exit());
});
