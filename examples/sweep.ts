/**
 * What does pruning cost? One small model is trained for several shares of kept tokens; each is exported and measured.
 * `cipherprune sweep` does the same for real models, in parallel, and `cipherprune report` draws it.
 *
 *     npx tsx examples/sweep.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, exportModel, type RunConfigInput, serve, train } from 'cipherprune';

const folder = await mkdtemp(join(tmpdir(), 'sweep-'));
const TEXT = 'a thoughtful and moving story with a great cast';

/** Sentences that the project generates itself, and an encoder that learns them in a second. */
const config: RunConfigInput = {
  name: 'sweep',
  task: 'sst2',
  model: {
    architecture: { layers: 3, heads: 2, hiddenSize: 48, intermediateSize: 96, initializerRange: 0.1 },
    tokenizer: { source: 'learned', vocabularySize: 400 },
    maxTokens: 48,
  },
  data: { source: 'synthetic', syntheticTrain: 1000, syntheticDev: 200 },
  batch: { tokens: 512, examples: 32 },
  phases: {
    dense: { epochs: 6, learningRate: 4e-3 },
    soft: { epochs: 2, learningRate: 2e-3 },
    hard: { epochs: 2, learningRate: 2e-3 },
  },
};

/** Megabytes of one private text. */
async function megabytesOf(artifact: string): Promise<number> {
  await using server = await serve({ artifact, port: 0 });
  await using client = await connect({ port: server.port, modelDigest: server.modelDigest });
  const { cost } = await client.classify(TEXT);
  return (cost.sentBytes + cost.receivedBytes) / 1e6;
}

console.log('wanted  kept  accuracy  MB');
for (const keep of [0.65, 0.5, 0.3]) {
  const out = join(folder, `keep-${keep}`);
  const { evaluation } = await train({ config, out, keep });
  const artifact = join(out, 'artifact');
  await exportModel({ checkpoint: out, out: artifact });
  const { meanKeptRatio, metrics } = evaluation;
  const figures = [keep, meanKeptRatio, metrics.accuracy!, await megabytesOf(artifact)];
  console.log(figures.map((figure) => figure.toFixed(2)).join('    '));
}
await rm(folder, { recursive: true });
