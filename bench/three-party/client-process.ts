/**
 * The client of `bench inference --parties 3`, as a process of its own (started by inference.ts). What it loads is what a client
 * loads, after its own memory was looked at.
 */
import { setSmallClientFlags } from '../../inference/run/v8-flags.js';
import { ownMemoryBytes, peakMemoryBytes } from '../measure.js';
import {
  type ClientReport,
  type ClientRun,
  type ClientTask,
  cpuClock,
  TIMEOUT_MILLISECONDS,
  tell,
  through,
} from './task.js';

async function run({ nodes, network, suite, cacheFolder, runs: all }: ClientTask): Promise<ClientReport> {
  const bareMemoryBytes = process.memoryUsage.rss();
  setSmallClientFlags();
  const { connectNodes } = await import('../../inference/three-party/connect-nodes.js');
  const { FINEST_LOGITS } = await import('../../inference/core/answer.js');
  const [cpu, started] = [cpuClock(), performance.now()];
  const client = await connectNodes({
    nodes,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    answer: FINEST_LOGITS,
    suite,
    opens: 'counts',
    cacheFolder,
    ...(await through(network)),
  });
  const connection = {
    milliseconds: performance.now() - started,
    cpuMilliseconds: cpu(),
    bytes: client.setUp.sentBytes + client.setUp.receivedBytes,
  };
  const runs: ClientRun[] = [];
  let own = ownMemoryBytes();
  for (const texts of all) {
    const [ofText, begun] = [cpuClock(), performance.now()];
    const results = await client.classifyBatch(texts);
    runs.push({ milliseconds: performance.now() - begun, cpuMilliseconds: ofText(), results });
    if (own !== null) own = Math.max(own, ownMemoryBytes()!);
    await tell({ kind: 'progress', text: `text ${runs.length} of ${all.length}` });
  }
  await client.close();
  return { runs, connection, peakMemoryBytes: peakMemoryBytes(), bareMemoryBytes, ownMemoryBytes: own };
}

// Never outlives the parent.
process.once('disconnect', () => process.exit(1));
process.once('message', (task: ClientTask) => {
  run(task)
    .then((report) => tell({ kind: 'done', report }))
    .catch((error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }))
    .finally(() => process.exit());
});
