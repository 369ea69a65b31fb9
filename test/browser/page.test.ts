/** The page in a real Chromium against a real server, a process of its own, on the demo model. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../index.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { type StartedProcess, start } from '../cli/run-cli.js';
import { CHROMIUM, classified, launch, opened, watchedPage } from './chromium.js';
import { expectNoFaults } from './page-faults.js';

const ARTIFACT = 'data/demo-model';
const TEXTS = ['a warm, funny and deeply moving film', 'a dull, lifeless and badly acted mess'];
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };

if (CHROMIUM === null)
  console.warn('no Chromium here: the tests in a browser are skipped (CHROMIUM names one)');

describe.skipIf(CHROMIUM === null)('the page', () => {
  let server: StartedProcess;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    server = start('serve', '--artifact', ARTIFACT, '--port', '0', '--web', '0', '--until-stdin-closes');
    url = (await server.line(/^page: (http:\S+)$/m))[1]!;
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    server?.child.kill('SIGTERM');
    await server?.outcome;
  });

  it('answers as plain fixed point does, loads nothing from elsewhere and keeps to its policy', async () => {
    const { page, requests, complaints } = await watchedPage(browser);
    await opened(page, url);
    const plain = await CleartextClassifier.open(ARTIFACT);
    for (const text of TEXTS) {
      const { labelName, probabilities } = await plain.classify(text);
      expect(await classified(page, text)).toBe(labelName);
      const shown = await page.locator('#probabilities span:first-child').allInnerTexts();
      const order = [...plain.model.config.labels.keys()].sort(
        (a, b) => probabilities![b]! - probabilities![a]!,
      );
      expect(shown).toEqual(order.map((label) => plain.model.config.labels[label]));
      console.log(`${await page.locator('#status').textContent()} (${text.length} characters, in Chromium)`);
    }
    expect(await page.locator('#model').textContent()).toContain(plain.digest);
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
    const hosts = new Set(requests.map((request) => new URL(request).host));
    expect([...hosts]).toEqual([new URL(url).host]);
    expect(requests.some((request) => request.startsWith('ws:'))).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('costs the bytes and rounds, layer by layer, and opens the values of the same client in Node', async () => {
    const { page } = await watchedPage(browser);
    await opened(page, url);
    // Not typed: nothing is prepared meanwhile.
    await page.getByLabel('Text', { exact: true }).evaluate((field: HTMLTextAreaElement, text) => {
      field.value = text;
    }, TEXTS[0]!);
    await page.getByRole('button', { name: 'Classify privately' }).click();
    await page.locator('#result:visible').waitFor();
    for (const summary of await page.locator('#result summary').all()) await summary.click();
    await using client = await connect({
      url: `${url.replace('http', 'ws')}connect`,
      knownServers: 'ignore',
      // As clients in WebAssembly have it.
      multiply: 'server',
    });
    const { cost, layers, leaks } = await client.classify(TEXTS[0]!);
    const [, sent, received, rounds] = await page.locator('#cost dd').allTextContents();
    expect([sent, received, rounds]).toEqual([
      `${(cost.sentBytes / 1e6).toFixed(2)} MB`,
      `${(cost.receivedBytes / 1e6).toFixed(2)} MB`,
      String(cost.rounds),
    ]);
    const rows = await page.locator('#layers tr').all();
    const shown = await Promise.all(rows.map((row) => row.locator('td').allInnerTexts()));
    expect(shown.map(([kept, , bytes, turns]) => [kept, bytes, turns])).toEqual(
      layers.map(({ kept, bytes, rounds }) => [
        String(kept),
        bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`,
        String(rounds),
      ]),
    );
    const names = await page.locator('#opened strong').allInnerTexts();
    expect(names).toEqual(leaks.map(({ name }) => name.replaceAll('-', ' ')));
    await page.context().close();
  });

  it('can be used with the keyboard alone, and says aloud what happens', async () => {
    const { page } = await watchedPage(browser);
    await opened(page, url);
    const focused = () => page.evaluate(() => document.activeElement?.id ?? '');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    // The link past the introduction leads to the text.
    await page.keyboard.press('Tab');
    for (let i = 0; i < 8 && (await focused()) !== 'text'; i++) await page.keyboard.press('Tab');
    await page.keyboard.type('a warm film');
    for (let i = 0; i < 3 && (await focused()) !== 'classify'; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('classify');
    await page.keyboard.press('Enter');
    await page.locator('#result:visible').waitFor();
    const status = page.getByRole('status');
    expect(await status.textContent()).toMatch(/^Answer: (positive|negative), after /);
    expect(await status.getAttribute('aria-live')).toBe('polite');
    await page.context().close();
  });

  it.each(
    Object.entries(SIZES).flatMap(([name, viewport]) => [
      [name, 'light', viewport] as const,
      [name, 'dark', viewport] as const,
    ]),
  )('fits a %s in %s colours, without a fault that axe finds', async (name, colorScheme, viewport) => {
    const { page } = await watchedPage(browser, { viewport, colorScheme });
    await opened(page, url);
    await classified(page, TEXTS[0]!);
    for (const summary of await page.locator('summary').all()) await summary.click();
    await expectNoFaults(page);
    // For the guide.
    if (process.env.CIPHERPRUNE_SCREENSHOTS && colorScheme === 'light') {
      for (const summary of (await page.locator('summary').all()).slice(1)) await summary.click();
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join('docs', 'figures', `page-${name}.png`) });
    }
    await page.context().close();
  });

  it('stays below 3 MB before the model’s public part', () => {
    const names = ['index.html', 'page.css', 'icon.svg', 'page.js', 'worker.js', 'cipherprune.wasm'];
    const bytes = names.reduce((sum, name) => sum + statSync(join('dist', 'browser', name)).size, 0);
    console.log(`the page has ${(bytes / 1e6).toFixed(2)} MB`);
    expect(bytes).toBeLessThan(3e6);
  });
});
