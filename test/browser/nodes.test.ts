/** A page that is the client of three nodes, in a real Chromium; the nodes are processes of their own, on the demo model. */
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Classification } from '../../inference/run/classification.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { restingFormat } from '../../inference/engine/plan.js';
import { connectNodes } from '../../inference/three-party/connect-nodes.js';
import { shareModel } from '../../inference/three-party/share-model.js';
import { readArtifact } from '../../model/artifact/artifact-file.js';
import { freeNodes } from '../../util/free-addresses.js';
import { type StartedProcess, start } from '../cli/run-cli.js';
import { CHROMIUM, launch, watchedPage } from './chromium.js';

type Peers = Parameters<typeof connectNodes>[0]['nodes'];

const ARTIFACT = 'data/demo-model';
const TEXT = 'a warm, funny and deeply moving film';
const FILES: Readonly<Record<string, string>> = {
  '/index.js': 'text/javascript',
  '/nodes-worker.js': 'text/javascript',
  '/cipherprune.wasm': 'application/wasm',
};

/** A program of somebody's own, on the library. */
const PAGE = `<!doctype html><title>own page</title><link rel="icon" href="data:,"><script type="module">
import { connect } from './index.js';
globalThis.classify = async (nodes, text) => {
  const client = await connect({ nodes, opens: 'counts' });
  const answer = await client.classify(text);
  await client.close();
  return answer;
};
</script>`;

/** The page and the library's files. */
function pageServer(): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    const type = FILES[url];
    response.setHeader('content-type', type ?? 'text/html');
    response.end(type ? await readFile(join('dist/browser', url)) : PAGE);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.skipIf(CHROMIUM === null)('a page with three nodes', () => {
  let folder: string;
  let own: Server;
  let origin: string;
  let browser: Browser;
  let peers: Peers;
  let nodes: readonly string[];
  const processes: StartedProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-nodes-'));
    await shareModel(await readArtifact(ARTIFACT), join(folder, 'shares'));
    own = await pageServer();
    origin = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    peers = await freeNodes();
    const addresses = peers.map(({ host, port }) => `${host}:${port}`).join(',');
    for (const node of [0, 1, 2])
      processes.push(
        start(
          ...['serve-node', '--shares', join(folder, 'shares', String(node)), '--peers', addresses],
          ...['--web', '0', '--web-origin', origin, '--until-stdin-closes'],
        ),
      );
    nodes = await Promise.all(
      processes.map(async (process) => (await process.line(/^pages: (ws:\S+)$/m))[1]!),
    );
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    own?.close();
    for (const { child } of processes) child.kill('SIGTERM');
    await Promise.all(processes.map(({ outcome }) => outcome));
    await rm(folder, { recursive: true, force: true });
  });

  async function classified(page: Page, urls: readonly string[]): Promise<Classification> {
    await page.waitForFunction(() => 'classify' in globalThis);
    return page.evaluate(
      ([urls, text]) => {
        const { classify } = globalThis as unknown as {
          classify(urls: readonly string[], text: string): Promise<Classification>;
        };
        return classify(urls, text);
      },
      [urls, TEXT] as const,
    );
  }

  it('answers as plain fixed point does, and sends three shares of the rows', async () => {
    const { page, requests, complaints } = await watchedPage(browser);
    await page.goto(origin);
    const begin = performance.now();
    const answer = await classified(page, nodes);
    console.log(
      `three nodes: ${((performance.now() - begin) / 1000).toFixed(2)} s with connecting, in Chromium`,
    );
    const plain = await CleartextClassifier.open(ARTIFACT);
    const expected = await plain.classify(TEXT);
    expect(answer.labelName).toBe(expected.labelName);
    for (const [i, probability] of answer.probabilities!.entries())
      expect(Math.abs(probability - expected.probabilities![i]!)).toBeLessThan(0.05);
    expect(answer.layers.map(({ kept }) => kept)).toEqual(expected.layers.map(({ kept }) => kept));
    const { model } = plain;
    // Nodes 1 and 2 get the third component of every row; all else of a text fits into a few hundred bytes.
    const rows = Math.ceil((answer.bucket * model.config.hiddenSize * restingFormat(model).ringBits) / 8);
    expect(answer.cost.sentBytes - 2 * rows).toBeGreaterThan(0);
    expect(answer.cost.sentBytes - 2 * rows).toBeLessThan(512);
    expect(answer.cost.receivedBytes).toBeLessThan(512);
    await using client = await connectNodes({ nodes: peers, timeoutMilliseconds: 60_000 });
    const { cost } = await client.classify(TEXT);
    expect([answer.cost.sentBytes, answer.cost.receivedBytes]).toEqual([cost.sentBytes, cost.receivedBytes]);
    expect(requests.filter((request) => !request.startsWith(origin)).sort()).toEqual([...nodes].sort());
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('loads a fraction of what a client of two parties does', () => {
    const [nodes, two] = ['nodes-worker.js', 'worker.js'].map(
      (name) => statSync(join('dist/browser', name)).size,
    );
    console.log(`the worker for three nodes has ${(nodes! / 1e3).toFixed(0)} kB`);
    expect(nodes).toBeLessThan(two! / 2);
  });

  it('is refused from another origin, and where the nodes are in another order', async () => {
    const { page } = await watchedPage(browser);
    await page.goto(origin);
    await expect(classified(page, [nodes[1]!, nodes[0]!, nodes[2]!])).rejects.toThrow(/in this order/);
    await page.goto(origin.replace('127.0.0.1', 'localhost'));
    await expect(classified(page, nodes)).rejects.toThrow(/cannot be reached/);
    await page.context().close();
  });
});
