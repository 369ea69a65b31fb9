/**
 * From a table of messages to a private classifier: train, export, serve, ask. A small encoder learns everything from the
 * table here; for real texts give `model: 'path/to/encoder'` in place of `config`.
 *
 *     npx tsx examples/own-data.ts
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, exportModel, serve, train } from 'cipherprune';

const folder = await mkdtemp(join(tmpdir(), 'own-data-'));

// A table as people have it. Yours would come from elsewhere.
const subjects = ['my parcel', 'the order from monday', 'our last invoice', 'the blue lamp', 'my account'];
const queues = {
  delivery: ['where is SUBJECT', 'SUBJECT has not arrived yet', 'when will SUBJECT be delivered'],
  billing: ['i was charged twice for SUBJECT', 'please refund SUBJECT', 'the price of SUBJECT is wrong'],
  support: ['SUBJECT does not work', 'how do i reset SUBJECT', 'SUBJECT is broken'],
};
const polite = ['', 'hello , ', 'good morning , ', 'sorry to ask , but '];
const rows = Object.entries(queues).flatMap(([queue, sentences]) =>
  sentences.flatMap((sentence) =>
    subjects.flatMap((subject) =>
      polite.map((before) => `"${before}${sentence.replace('SUBJECT', subject)}",${queue}`),
    ),
  ),
);
const messages = join(folder, 'messages.csv');
await writeFile(messages, `message,queue\n${rows.join('\n')}\n`);

const run = join(folder, 'run');
const { evaluation } = await train({
  train: messages,
  text: 'message',
  label: 'queue',
  out: run,
  keep: 0.5,
  config: {
    model: {
      architecture: { layers: 2, heads: 2, hiddenSize: 32, intermediateSize: 64, initializerRange: 0.1 },
      tokenizer: { source: 'learned', vocabularySize: 200 },
      maxTokens: 32,
    },
    phases: {
      dense: { epochs: 20, learningRate: 4e-3 },
      soft: { epochs: 6, learningRate: 2e-3 },
      hard: { epochs: 6, learningRate: 2e-3 },
    },
  },
});
console.log(`accuracy on the held-out part: ${evaluation.metrics.accuracy?.toFixed(2)}`);

const artifact = join(folder, 'queues');
await exportModel({ checkpoint: run, out: artifact });
{
  await using server = await serve({ artifact, port: 0 });
  await using client = await connect({ port: server.port, modelDigest: server.modelDigest });
  for (const text of ['hello , where is the blue lamp', 'please refund my account']) {
    const { labelName } = await client.classify(text);
    console.log(`${text}: ${labelName}`);
  }
}
await rm(folder, { recursive: true });
