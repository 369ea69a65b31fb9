/** A model that was shared by one suite, nodes that link by it, and clients that share their texts by either. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { type Suite, SUITES } from '../../../inference/core/suite.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import type { Address } from '../../../inference/three-party/node-server.js';
import { shareModel } from '../../../inference/three-party/share-model.js';
import { type ArtifactParts, readArtifact } from '../../../model/artifact/artifact-file.js';
import { packageFile } from '../../../util/package-file.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, startNodes } from '../../support/node-servers.js';

const TEXT = 'a warm, funny and deeply moving film';
const TIMEOUT_MILLISECONDS = 20_000;

let folder: string;
let parts: ArtifactParts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-suites-'));
  parts = await readArtifact(packageFile('data', 'demo-model'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Started {
  readonly peers: readonly [Address, Address, Address];
  stop(): Promise<void>;
}

/** Nodes of these folders, that take texts of `only`, or of any suite. */
async function startShared(suite: Suite, only?: Suite): Promise<Started> {
  await shareModel(parts, join(folder, suite), suite);
  const peers = await freeNodes();
  const servers = await startNodes(join(folder, suite), {
    ...{ peers, suite: only },
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
  return { peers, stop: () => closeAll(servers) };
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
    const nodes = await startShared(suite);
    const clear = await CleartextClassifier.of(parts);
    const expected = (await clear.classify(TEXT)).logits!;
    for (const ofClient of SUITES)
      for (const [i, logit] of (await logitsOf(nodes, ofClient)).entries())
        expect(Math.abs(logit - expected[i]!)).toBeLessThan(0.1);
    await nodes.stop();
  },
);

it('nodes of one suite only say so to a client of another', async () => {
  const nodes = await startShared('chacha', 'chacha');
  await expect(logitsOf(nodes, 'aes')).rejects.toThrow(
    'nodes: expected one suite that all take, the client takes aes, node 0 chacha, node 1 chacha, node 2 chacha (--suite)',
  );
  expect(await logitsOf(nodes, 'chacha')).toHaveLength(parts.publicPart.model.config.labels.length);
  await nodes.stop();
});

it('a node whose folder names another suite is no node of this sharing', async () => {
  await shareModel(parts, join(folder, 'chacha'), 'chacha');
  const path = join(folder, 'chacha', '2', 'node.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"chacha"', '"aes"'));
  const log: string[] = [];
  const servers = await startNodes(join(folder, 'chacha'), {
    peers: await freeNodes(),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    onLog: (line) => log.push(line),
  });
  await vi.waitFor(() => expect(log.join('\n')).toMatch(/node 2: expected the suite chacha, got aes/), {
    timeout: 20_000,
  });
  await closeAll(servers);
});
