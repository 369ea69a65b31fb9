/** The page that a node serves, or somebody else, as the client of three nodes: in a real Chromium, on the demo model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { readWebFiles } from '../../inference/server/web-files.js';
import { openWebPort, type WebPort } from '../../inference/server/web-port.js';
import { shareModel } from '../../inference/three-party/share-model.js';
import { readArtifact } from '../../model/artifact/artifact-file.js';
import { freeNodes } from '../../util/free-addresses.js';
import { type StartedProcess, start } from '../cli/run-cli.js';
import { CHROMIUM, classified, launch, watchedPage } from './chromium.js';
import { expectNoFaults } from './page-faults.js';

const ARTIFACT = 'data/demo-model';
const TEXT = 'a warm, funny and deeply moving film';
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };

describe.skipIf(CHROMIUM === null)('the page of three nodes', () => {
  let folder: string;
  let browser: Browser;
  let nodes: readonly string[];
  /** The page by node 0, with its nodes; and by somebody else, who names none. */
  let own: string;
  let elsewhere: WebPort;
  let asking: string;
  const processes: StartedProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-nodes-page-'));
    const { artifact } = await readArtifact(ARTIFACT);
    // Opens nothing but the answer, so that nobody has to accept anything.
    expect(artifact.public.schedule).toBeDefined();
    await shareModel(await readArtifact(ARTIFACT), join(folder, 'shares'));
    const links = await freeNodes();
    const pages = await freeNodes();
    nodes = pages.map(({ host, port }) => `ws://${host}:${port}/connect`);
    own = `http://${pages[0]!.host}:${pages[0]!.port}`;
    elsewhere = await openWebPort({
      ...{ host: '127.0.0.1', port: 0, tls: null, origins: [], timeoutMilliseconds: 60_000 },
      files: await readWebFiles('dist/browser', []),
      connectsTo: nodes,
      serve: (channel) => channel.close(),
    });
    asking = `http://127.0.0.1:${elsewhere.port}`;
    const peers = links.map(({ host, port }) => `${host}:${port}`).join(',');
    for (const node of [0, 1, 2])
      processes.push(
        start(
          ...['serve-node', '--shares', join(folder, 'shares', String(node)), '--peers', peers],
          ...['--web', String(pages[node]!.port), '--web-origin', own, '--web-origin', asking],
          ...(node === 0 ? ['--page', nodes.join(',')] : []),
          '--until-stdin-closes',
        ),
      );
    await Promise.all(processes.map((process) => process.line(/^pages: ws:\S+$/m)));
    expect((await processes[0]!.line(/^page: (http:\S+)$/m))[1]).toBe(`${own}/`);
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await elsewhere?.close();
    for (const { child } of processes) child.kill('SIGTERM');
    await Promise.all(processes.map(({ outcome }) => outcome));
    await rm(folder, { recursive: true, force: true });
  });

  it('answers as plain fixed point does, connects to its nodes alone, and keeps to its policy', async () => {
    const { page, requests, complaints } = await watchedPage(browser);
    await page.goto(own);
    await page.locator('#classify:enabled, #alert:visible').first().waitFor();
    const plain = await CleartextClassifier.open(ARTIFACT);
    const { labelName } = await plain.classify(TEXT);
    expect(await classified(page, TEXT)).toBe(labelName);
    console.log(`${await page.locator('#status').textContent()} (three nodes, in Chromium)`);
    expect(await page.locator('#model').textContent()).toContain(plain.digest);
    expect(await page.locator('#nodes li').allTextContents()).toEqual(nodes);
    expect(await page.locator('[data-of="server"]:visible, #nodes-form:visible').count()).toBe(0);
    expect(await page.locator('#cost').textContent()).toContain('each node saw 16');
    const elsewhere = requests.filter((request) => !request.startsWith(own));
    expect(elsewhere.sort()).toEqual([...nodes].sort());
    expect(requests.some((request) => request.endsWith('/worker.js'))).toBe(false);
    const refused = await page.evaluate(async () => {
      const violation = new Promise<string>((resolve) => {
        addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
      });
      new WebSocket('ws://127.0.0.1:9/connect');
      return violation;
    });
    expect(refused).toBe('connect-src');
    expect(complaints.filter((line) => !line.includes('127.0.0.1:9'))).toEqual([]);
    await page.context().close();
  });

  it('asks for nodes where nobody names them, with the keyboard alone', async () => {
    const { page, complaints } = await watchedPage(browser);
    await page.goto(asking);
    await page.locator('#nodes-form:visible').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('Which three nodes?');
    for (const url of nodes) {
      const label = `Node ${nodes.indexOf(url)}`;
      for (
        let i = 0;
        i < 8 && !(await page.getByLabel(label).evaluate((field) => field === document.activeElement));
        i++
      )
        await page.keyboard.press('Tab');
      await page.keyboard.type(url);
    }
    await page.keyboard.press('Enter');
    await page.locator('#classify:enabled').waitFor();
    expect(await page.locator('#nodes-form:visible').count()).toBe(0);
    const focused = () => page.evaluate(() => document.activeElement?.id ?? '');
    for (let i = 0; i < 8 && (await focused()) !== 'text'; i++) await page.keyboard.press('Tab');
    await page.keyboard.type('a warm film');
    await page.keyboard.press('Control+Enter');
    await page.locator('#result:visible').waitFor();
    expect(await page.getByRole('status').textContent()).toMatch(/^Answer: (positive|negative), after /);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(
    Object.entries(SIZES).flatMap(([name, viewport]) =>
      [true, false].map((isAsking) => [name, isAsking, viewport] as const),
    ),
  )('fits a %s (asking: %s), without a fault that axe finds', async (_, isAsking, viewport) => {
    const { page } = await watchedPage(browser, { viewport });
    await page.goto(isAsking ? asking : own);
    if (isAsking) await page.locator('#nodes-form:visible').waitFor();
    else {
      await page.locator('#classify:enabled').waitFor();
      await classified(page, TEXT);
    }
    for (const summary of await page.locator('summary:visible').all()) await summary.click();
    await expectNoFaults(page);
    await page.context().close();
  });
});
