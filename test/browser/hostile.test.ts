/** The page before servers that are not as they were, and names of labels that would be markup. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, serve } from '../../index.js';
import { readArtifact, writeArtifact } from '../../model/artifact/artifact-file.js';
import { CHROMIUM, classified, launch, opened, settled, watchedPage } from './chromium.js';

const MARKUP = '<img src=x onerror="document.title=\'taken\'">';

describe.skipIf(CHROMIUM === null)('the page', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-page-'));
    const { artifact } = await readArtifact('data/demo-model');
    const config = { ...artifact.public.config, labels: [MARKUP, '</script><b>good'] };
    await writeArtifact(folder, { ...artifact, public: { ...artifact.public, config } });
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const serving = (artifact: string, webPort = 0): Promise<Server> =>
    serve({ artifact, port: 0, web: { port: webPort } });

  it('shows names of labels as the text that they are', async () => {
    await using server = await serving(folder);
    const { page, complaints } = await watchedPage(browser);
    await opened(page, `http://127.0.0.1:${server.webPort}/`);
    const answer = await classified(page, 'a dull, lifeless and badly acted mess');
    expect(answer).toBe(MARKUP);
    expect(await page.locator('#model').textContent()).toContain(MARKUP);
    expect(await page.title()).toBe('Private text classification');
    expect(await page.locator('main img, main b').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('runs no script that is not its own', async () => {
    await using server = await serving('data/demo-model');
    const { page, complaints } = await watchedPage(browser);
    await opened(page, `http://127.0.0.1:${server.webPort}/`);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = "document.title = 'taken'";
      document.body.append(script);
    });
    expect(await page.title()).toBe('Private text classification');
    expect(complaints.join(' ')).toContain('Content Security Policy');
    await page.context().close();
  });

  it('asks before it takes another model than last time, and remembers the answer', async () => {
    const { page } = await watchedPage(browser);
    const first = await serving('data/demo-model');
    const url = `http://127.0.0.1:${first.webPort}/`;
    await opened(page, url);
    expect(await page.locator('#model').textContent()).toContain('Met for the first time');
    await opened(page, url);
    expect(await page.locator('#model').textContent()).toContain('The same model as last time');
    await first.close();
    await using second = await serving(folder, first.webPort!);
    await opened(page, url);
    expect(await page.getByRole('alert').textContent()).toContain(
      'another model than when you were here last',
    );
    await page.getByRole('button', { name: 'Accept the new model' }).click();
    await settled(page);
    expect(await page.locator('#model').textContent()).toContain(second.modelDigest);
    await opened(page, url);
    expect(await page.locator('#model').textContent()).toContain('The same model as last time');
    await page.goto(`${url}#model=${'0'.repeat(64)}`);
    await page.reload();
    await settled(page);
    expect(await page.getByRole('alert').textContent()).toContain('expected the model 0000');
    await page.context().close();
  });

  it('lets a text be cancelled, and goes on with a new connection', async () => {
    await using server = await serving('data/demo-model');
    const { page } = await watchedPage(browser);
    await opened(page, `http://127.0.0.1:${server.webPort}/`);
    await page.getByLabel('Text', { exact: true }).fill('a film that nobody will hear of');
    await page.getByRole('button', { name: 'Classify privately' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await settled(page);
    expect(await page.locator('#result').isHidden()).toBe(true);
    expect(await classified(page, 'a warm, funny and deeply moving film')).toBe('positive');
    await page.context().close();
  });

  it('asks for a token where the server wants one', async () => {
    const { addToken } = await import('../../inference/server/tokens.js');
    const file = join(folder, '..', `tokens-${process.pid}.json`);
    const secret = await addToken(file, 'page');
    await using server = await serve({
      artifact: 'data/demo-model',
      port: 0,
      tokens: file,
      web: { port: 0 },
    });
    const { page } = await watchedPage(browser);
    await opened(page, `http://127.0.0.1:${server.webPort}/`);
    await page.getByLabel('Token').fill(secret);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.locator('#classify:enabled').waitFor();
    await page.context().close();
    await rm(file, { force: true });
  });
});
