/**
 * A server and a client in one file, which are two machines in earnest: several texts in one protocol run, material made
 * before a text comes, and what all of it opened.
 *
 *     npx tsx examples/server-and-client.ts
 */
import { fileURLToPath } from 'node:url';
import { connect, serve } from 'cipherprune';

const artifact = fileURLToPath(new URL('../data/demo-model', import.meta.url));
await using server = await serve({ artifact, port: 0, onLog: (line) => console.log(`server: ${line}`) });

// A client that pins the model's digest talks to no other model.
await using client = await connect({
  port: server.port,
  modelDigest: server.modelDigest,
  onNote: (line) => console.log(`client: ${line}`),
});

const texts = ['an uneven but rewarding piece of work', 'two hours that i will never get back'];
for (const { text, labelName } of await client.classifyBatch(texts)) console.log(`${text}: ${labelName}`);

// Idle? Let the next text find its material ready.
await client.prepare(1);
const { labelName, cost, layers, leaks } = await client.classify('a warm, funny and deeply moving film', {
  signal: AbortSignal.timeout(60_000),
});
const bytes = (of: { sentBytes: number; receivedBytes: number }) => (of.sentBytes + of.receivedBytes) / 1e6;
console.log(`${labelName}: ${bytes(cost).toFixed(1)} MB, made ahead ${bytes(cost.offline).toFixed(1)} MB`);
console.log(`tokens that leave each layer: ${layers.map(({ kept }) => kept).join(', ')}`);
for (const { name, to, count } of leaks) console.log(`opened to ${to}: ${name} (${count})`);
