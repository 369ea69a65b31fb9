/** A model that was shared by one suite, nodes that link by it, and clients that share their texts by either. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { type Suite, SUITES } from '../../../inference/core/suite.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { type Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import { type ArtifactParts, readArtifact } from '../../../model/artifact/artifact-file.js';
import { packageFile } from '../../../util/package-file.js';
import { freePorts } from '../../support/free-ports.js';

const TEXT = 'a warm, funny and deeply moving film';
const TIMEOUT_MILLISECONDS = 20_000;
type Peers = readonly [Address, Address, Address];

let folder: string;
let parts: ArtifactParts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-suites-'));
  parts = await readArtifact(packageFile('data', 'demo-model'));
});
afterAll(() => rm(folder, { recursive: true }));

const folderOf = (suite: Suite, node: number): string => join(folder, suite, String(node));

interface Started {
  readonly peers: Peers;
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** Nodes of these folders, that take texts of `only`, or of any suite. */
async function startNodes(suite: Suite, only?: Suite): Promise<Started> {
  await shareModel(parts, join(folder, suite), suite);
  const peers = (await freePorts(3)).map((port) => ({ host: '127.0.0.1', port })) as unknown as Peers;
  const log: string[] = [];
  const servers: NodeServer[] = [];
  for (const node of [0, 1, 2])
    servers.push(
      await NodeServer.start({
        model: await readNodeModel(folderOf(suite, node)),
        peers,
        suite: only,
        timeoutMilliseconds: TIMEOUT_MILLISECONDS,
        onLog: (line) => log.push(line),
      }),
    );
  return {
    peers,
    log,
    stop: () => Promise.all(servers.map((server) => server.close())).then(() => undefined),
  };
}

async function logitsOf({ peers: nodes }: Started, suite: Suite): Promise<readonly number[]> {
  await using client = await connectNodes({
    ...{ nodes, suite, answer: FINEST_LOGITS, opens: 'counts' },
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  return (await client.classify(TEXT)).logits!;
}

it.each(SUITES)(
  'a model shared by %s answers clients of both suites as the cleartext engine does',
  async (suite) => {
    const nodes = await startNodes(suite);
    const clear = await CleartextClassifier.of(parts);
    const expected = (await clear.classify(TEXT)).logits!;
    for (const ofClient of SUITES)
      for (const [i, logit] of (await logitsOf(nodes, ofClient)).entries())
        expect(Math.abs(logit - expected[i]!)).toBeLessThan(0.1);
    await nodes.stop();
  },
);

it('nodes of one suite only say so to a client of another', async () => {
  const nodes = await startNodes('chacha', 'chacha');
  await expect(logitsOf(nodes, 'aes')).rejects.toThrow(
    'nodes: expected one suite that all take, the client takes aes, node 0 chacha, node 1 chacha, node 2 chacha (--suite)',
  );
  expect(await logitsOf(nodes, 'chacha')).toHaveLength(parts.publicPart.model.config.labels.length);
  await nodes.stop();
});

it('a node whose folder names another suite is no node of this sharing', async () => {
  await shareModel(parts, join(folder, 'chacha'), 'chacha');
  const path = join(folderOf('chacha', 2), 'node.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"chacha"', '"aes"'));
  const peers = (await freePorts(3)).map((port) => ({ host: '127.0.0.1', port })) as unknown as Peers;
  const log: string[] = [];
  const servers = await Promise.all(
    [0, 1, 2].map(async (node) =>
      NodeServer.start({
        model: await readNodeModel(folderOf('chacha', node)),
        peers,
        timeoutMilliseconds: TIMEOUT_MILLISECONDS,
        onLog: (line) => log.push(line),
      }),
    ),
  );
  await vi.waitFor(() => expect(log.join('\n')).toMatch(/node 2: expected the suite chacha, got aes/), {
    timeout: 20_000,
  });
  await Promise.all(servers.map((server) => server.close()));
});
