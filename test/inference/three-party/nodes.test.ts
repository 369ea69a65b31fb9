import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { estimateNodesCost } from '../../../inference/cost/nodes-cost.js';
import type { Classification } from '../../../inference/run/classification.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { OpensMoreError } from '../../../inference/run/opens-more-error.js';
import { checkPlain } from '../../../inference/three-party/links.js';
import { type Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import {
  type ArtifactParts,
  readArtifact,
  serializePublicPart,
  writeArtifact,
} from '../../../model/artifact/artifact-file.js';
import { bucketsUpTo } from '../../../model/padded-length.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { makeCertificates } from '../../support/certificates.js';
import { packageFile } from '../../../util/package-file.js';

const TEXTS = ['a warm, funny and deeply moving film', 'it never gets off the ground', 'fine'];

/** The shipped model, keeping public numbers of tokens. */
async function scheduled(directory: string): Promise<ArtifactParts> {
  const { artifact } = await readArtifact(packageFile('data', 'demo-model'));
  const { maxTokens, config } = artifact.public;
  const schedule = bucketsUpTo(maxTokens).map((tokens) => ({
    tokens,
    layers: Array.from({ length: config.layers - 1 }, (_, layer) => ({
      kept: Math.ceil(tokens / (layer + 1)),
      important: Math.ceil(tokens / (2 * layer + 2)),
    })),
  }));
  return writeArtifact(directory, { ...artifact, public: { ...artifact.public, schedule } });
}

describe('three nodes and a client over TCP', () => {
  let folder: string;
  let parts: ArtifactParts;
  let peers: readonly [Address, Address, Address];
  const servers: NodeServer[] = [];
  const log: string[] = [];

  const start = async (node: number) =>
    NodeServer.start({
      model: await readNodeModel(join(folder, 'shares', String(node))),
      peers,
      timeoutMilliseconds: 20_000,
      onLog: (line) => log.push(line),
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-nodes-'));
    parts = await scheduled(join(folder, 'artifact'));
    await shareModel(parts, join(folder, 'shares'));
    peers = await freeNodes();
    for (const node of [0, 1, 2]) servers[node] = await start(node);
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await rm(folder, { recursive: true });
  });

  it('answer as the cleartext engine does, and open what the model declares', async () => {
    const client = await connectNodes({
      nodes: peers,
      timeoutMilliseconds: 20_000,
      answer: FINEST_LOGITS,
    });
    const clear = await CleartextClassifier.of(parts);
    for (const text of TEXTS) {
      const [secret, plain] = [await client.classify(text), await clear.classify(text)];
      expect(secret.label).toBe(plain.label);
      for (const [i, logit] of secret.logits!.entries())
        expect(Math.abs(logit - plain.logits![i]!)).toBeLessThan(0.1);
      expect(secret.layers.map(({ kept }) => kept)).toEqual(plain.layers.map(({ kept }) => kept));
      expect(secret.leaks.map(({ name }) => name).sort()).toEqual([
        'label',
        'length-bucket',
        'logits',
        'shuffled-order',
      ]);
    }
    await client.close();
    const left = [0, 1, 2].map((node) => `node ${node}: a client left after ${TEXTS.length} texts`);
    await vi.waitFor(() => expect(log.filter((line) => line.includes('client')).sort()).toEqual(left));
  });

  it('say what each layer took among them', async () => {
    await using client = await connectNodes({ nodes: peers, timeoutMilliseconds: 20_000 });
    const { layers, bucket, cost } = await client.classify(TEXTS[0]!);
    const counted = await estimateNodesCost(parts.artifact.public, { bucket, schedule: layers });
    expect(layers.map(({ bytes, rounds }) => ({ bytes, rounds }))).toEqual(counted.layers);
    for (const { milliseconds } of layers) expect(milliseconds).toBeGreaterThan(0);
    expect(layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeLessThan(cost.milliseconds);
  });

  it('say where they cannot listen', async () => {
    const { host, port } = peers[0];
    await expect(start(0)).rejects.toThrow(
      `cannot listen on ${host}:${port} (EADDRINUSE: another program listens there)`,
    );
  });

  it('answer several texts in one run, which shares its rounds', async () => {
    await using client = await connectNodes({ nodes: peers, timeoutMilliseconds: 20_000 });
    const alone: Classification[] = [];
    for (const text of TEXTS) alone.push(await client.classify(text));
    const together = await client.classifyBatch(TEXTS);
    expect(together.map(({ label }) => label)).toEqual(alone.map(({ label }) => label));
    expect(together.map(({ leaks }) => leaks)).toEqual(alone.map(({ leaks }) => leaks));
    const counts = ({ layers }: Classification) => layers.map(({ kept, important }) => [kept, important]);
    expect(together.map(counts)).toEqual(alone.map(counts));
    // Bytes add up, and rounds are shared, as is the time.
    for (const layer of alone[0]!.layers.keys()) {
      const [ofAll, ofEach] = [together, alone].map((texts) => texts.map(({ layers }) => layers[layer]!));
      const bytes = (layers: typeof ofAll) => layers!.reduce((sum, each) => sum + each.bytes, 0);
      expect(Math.abs(bytes(ofAll) / bytes(ofEach) - 1)).toBeLessThan(0.01);
      for (const { rounds, milliseconds } of ofAll!) {
        expect(rounds).toBeLessThan(ofEach!.reduce((sum, each) => sum + each.rounds, 0) / 1.5);
        expect(milliseconds * TEXTS.length).toBeLessThanOrEqual(together[0]!.batch!.milliseconds);
      }
    }
    expect(together.map(({ batch }) => batch?.size)).toEqual([3, 3, 3]);
  });

  it('send the public part once, and again where what was kept is damaged', async () => {
    const cacheFolder = join(folder, 'cache');
    const connect = async (): Promise<number> => {
      await using client = await connectNodes({ nodes: peers, timeoutMilliseconds: 20_000, cacheFolder });
      expect((await client.classify(TEXTS[0]!)).label).toBe(1);
      return client.setUp.receivedBytes;
    };
    const { length } = serializePublicPart(parts.publicPart);
    const greetings = 3 * 54;
    expect(await connect()).toBe(greetings + length);
    expect(await connect()).toBe(greetings);
    const [name, ...others] = await readdir(cacheFolder);
    expect([name, ...others]).toEqual([`${parts.publicPart.digest}.bin`]);
    const path = join(cacheFolder, name!);
    const bytes = await readFile(path);
    await writeFile(path, bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
    expect(await connect()).toBe(greetings + length);
    expect(await connect()).toBe(greetings);
  });

  it('refuse a folder that was changed', async () => {
    const path = join(folder, 'shares', '1', 'shares.bin');
    const bytes = await readFile(path);
    await writeFile(
      path,
      Uint8Array.from(bytes, (byte, i) => (i === 100 ? byte ^ 1 : byte)),
    );
    await expect(readNodeModel(join(folder, 'shares', '1'))).rejects.toThrow(/expected SHA-256/);
    await writeFile(path, bytes);
  });

  it('refuse nodes in another order', async () => {
    const nodes = [peers[1], peers[0], peers[2]] as const;
    await expect(connectNodes({ nodes, timeoutMilliseconds: 20_000 })).rejects.toThrow(/in this order/);
  });

  it('outlive one that ends, which the client is told, and go on when it is back', async () => {
    const client = await connectNodes({ nodes: peers, timeoutMilliseconds: 20_000 });
    const text = client.classify(TEXTS[0]!);
    await servers[2]!.close();
    await expect(text).rejects.toThrow(/closed|node \d/);
    await client.close();
    servers[2] = await start(2);
    const again = await connectNodes({ nodes: peers, timeoutMilliseconds: 20_000 });
    expect((await again.classify(TEXTS[0]!)).label).toBe(1);
    await again.close();
  });
});

describe('three nodes with a model that opens counts', () => {
  it('compare its thresholds as shares; the client must accept what is opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cipherprune-counts-'));
    const parts = await readArtifact(packageFile('data', 'demo-model'));
    const { schedule: _, ...model } = parts.artifact.public;
    const counts = await writeArtifact(join(folder, 'artifact'), { ...parts.artifact, public: model });
    await shareModel(counts, join(folder, 'shares'));
    const nodes = await freeNodes();
    const options = { nodes, timeoutMilliseconds: 20_000 };
    const servers = await Promise.all(
      [0, 1, 2].map(async (node) =>
        NodeServer.start({
          model: await readNodeModel(join(folder, 'shares', String(node))),
          peers: nodes,
          timeoutMilliseconds: 20_000,
        }),
      ),
    );
    await expect(connectNodes(options)).rejects.toThrow(OpensMoreError);
    const client = await connectNodes({ ...options, opens: 'counts' });
    const clear = await CleartextClassifier.of(counts);
    const [secret, plain] = [await client.classify(TEXTS[0]!), await clear.classify(TEXTS[0]!)];
    expect(secret.label).toBe(plain.label);
    expect(secret.layers.map(({ kept, important }) => [kept, important])).toEqual(
      plain.layers.map(({ kept, important }) => [kept, important]),
    );
    const { bucket, layers } = secret;
    const counted = await estimateNodesCost(model, { bucket, schedule: layers });
    expect(layers.map(({ bytes, rounds }) => ({ bytes, rounds }))).toEqual(counted.layers);
    expect(secret.leaks).toEqual([
      { name: 'length-bucket', to: 'all', count: 1 },
      { name: 'kept-token-count', to: 'all', count: counts.artifact.public.config.layers - 1 },
      { name: 'important-token-count', to: 'all', count: counts.artifact.public.config.layers - 1 },
      { name: 'label', to: 'client', count: 1 },
      { name: 'probabilities', to: 'client', count: 1 },
    ]);
    await client.close();
    await Promise.all(servers.map((server) => server.close()));
    await rm(folder, { recursive: true });
  });
});

describe('links', () => {
  it('may not leave the machine in the clear unless it is said', () => {
    const away = [{ host: '192.0.2.1', port: 1 }];
    expect(() => checkPlain(away, null, false)).toThrow(/192\.0\.2\.1/);
    checkPlain(away, null, true);
    checkPlain([{ host: '127.0.0.1', port: 1 }], null, false);
  });

  it('are TLS among nodes of one authority; a client without it, and a node of another, are refused', async ({
    skip,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'cipherprune-tls-'));
    if (!makeCertificates(folder)) skip('no openssl here');
    const parts = await scheduled(join(folder, 'artifact'));
    await shareModel(parts, join(folder, 'shares'));
    const nodes = await freeNodes();
    const file = (name: string) => readFile(join(folder, name));
    const certificates = {
      ca: await file('ca.pem'),
      cert: await file('node.pem'),
      key: await file('node.key'),
    };
    const servers: NodeServer[] = [];
    for (const node of [0, 1, 2])
      servers.push(
        await NodeServer.start({
          model: await readNodeModel(join(folder, 'shares', String(node))),
          peers: nodes,
          certificates,
          timeoutMilliseconds: 20_000,
        }),
      );
    const options = { nodes, timeoutMilliseconds: 20_000 };
    const client = await connectNodes({
      ...options,
      certificates: { ca: await file('ca.pem') },
    });
    expect((await client.classify(TEXTS[0]!)).label).toBe(1);
    await client.close();
    await expect(connectNodes({ ...options, certificates: { ca: await file('other.pem') } })).rejects.toThrow(
      /cannot be reached over TLS/,
    );
    await expect(connectNodes(options)).rejects.toThrow('one that takes TLS does so to a client without');
    await Promise.all(servers.map((server) => server.close()));
    await rm(folder, { recursive: true });
  });
});
