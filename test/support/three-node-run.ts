/** Texts through the engine at three nodes in one process, as `classify` and as a batch run them. */
import { kernels } from '#kernels';
import { runBatch } from '../../inference/backends/batching/run-batch.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { decode } from '../../inference/core/ring-tensor.js';
import { classify, type LayerCounts } from '../../inference/engine/classify.js';
import { prepareModel } from '../../inference/engine/prepare.js';
import type { EncodedText } from '../../inference/run/party.js';
import type { LeakRecord } from '../../inference/session/session.js';
import type { Artifact } from '../../model/artifact/artifact.js';
import { DealtBackend, type NodeTraffic, type Tap, threeNodes } from './three-nodes.js';

export interface PaddedInput {
  readonly text: EncodedText;
  readonly bucket: number;
}

export interface NodesRun {
  /** Of each text, as the client would add them up. */
  readonly logits: readonly (readonly number[])[];
  readonly layers: readonly (readonly LayerCounts[])[];
  readonly traffic: NodeTraffic;
  /** Of each node. */
  readonly leaks: readonly (readonly LeakRecord[])[];
}

/** Several texts share one run. */
export async function runNodes(
  artifact: Artifact,
  inputs: readonly PaddedInput[],
  seed: number,
  tap?: Tap,
): Promise<NodesRun> {
  const { nodes, traffic } = threeNodes(seed, tap);
  const runs = await Promise.all(
    nodes.map(async ({ node }) => {
      const backend = new DealtBackend(node, seed);
      const model = await prepareModel(backend, artifact.public, artifact.private);
      const run = (mpc: Parameters<typeof classify>[0], { text, bucket }: PaddedInput) =>
        classify(mpc, model, text, bucket, FINEST_LOGITS);
      const results =
        inputs.length === 1
          ? [await run(backend, inputs[0]!)]
          : await runBatch(backend, inputs.length, (lane, i) => run(lane, inputs[i]!));
      await backend.settle();
      return { layers: results.map(({ layers }) => layers), delivered: backend.delivered };
    }),
  );
  // Each node delivers its first component. Logits come last, of all texts at once.
  const [first, ...others] = runs.map(({ delivered }) => delivered.at(-1)!);
  const sum = first!.words.slice();
  const { shape, ringBits, fractionBits } = first!.x;
  for (const { words } of others) kernels.ringAdd(sum, words, ringBits, sum);
  const all = [...decode({ shape, ringBits, fractionBits, data: sum })];
  const labels = all.length / inputs.length;
  return {
    logits: inputs.map((_, i) => all.slice(i * labels, (i + 1) * labels)),
    layers: runs[0]!.layers,
    traffic,
    leaks: nodes.map((node) => node.leaks.takeLeaks()),
  };
}
