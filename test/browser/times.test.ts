/**
 * How long a text takes in a real Chromium, printed: seconds, and the processor's of all of Chromium. CIPHERPRUNE_BROWSER_ARTIFACT names a model
 * in the place of the demo model. Nothing is asserted of times.
 */
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedProcess, start } from '../cli/run-cli.js';
import { CHROMIUM, launch, opened, watchedPage } from './chromium.js';

const ARTIFACT = process.env.CIPHERPRUNE_BROWSER_ARTIFACT ?? 'data/demo-model';
/** Of GLUE's SST-2 the mean is some 25 tokens. */
const SENTENCE =
  'the film is a warm, funny and deeply moving portrait of a family that has to learn how to live with what it lost';
const TEXTS = {
  'a short one': 'a warm, funny and deeply moving film',
  'a usual one': SENTENCE,
  'a long one': `${SENTENCE}, and although its second half is a little too long, the actors are so good that nobody will mind that very much`,
};

describe.skipIf(CHROMIUM === null)('a text in Chromium', () => {
  let server: StartedProcess;
  let browser: Browser;
  let system: CDPSession;
  let page: Page;

  beforeAll(async () => {
    server = start('serve', '--artifact', ARTIFACT, '--port', '0', '--web', '0', '--until-stdin-closes');
    const url = (await server.line(/^page: (http:\S+)$/m))[1]!;
    browser = await launch();
    system = await browser.newBrowserCDPSession();
    ({ page } = await watchedPage(browser));
    await opened(page, url);
    const accept = page.getByRole('button', { name: 'Let it open these numbers' });
    if (await accept.isVisible()) await accept.click();
    await page.locator('#classify:enabled').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    server?.child.kill('SIGTERM');
    await server?.outcome;
  });

  /** Of all of Chromium's processes, so far. */
  async function processorSeconds(): Promise<number> {
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  }

  it.each(Object.entries(TEXTS))('takes so long: %s', async (name, text) => {
    // Not typed: nothing is made ahead.
    await page.getByLabel('Text', { exact: true }).evaluate((field: HTMLTextAreaElement, value) => {
      field.value = value;
    }, text);
    const before = await processorSeconds();
    await page.getByRole('button', { name: 'Classify privately' }).click();
    await page.locator('#running').waitFor({ state: 'visible' });
    await page.locator('#classify:enabled').waitFor({ timeout: 115_000 });
    const used = (await processorSeconds()) - before;
    const [time, sent, received, , length] = await page.locator('#cost dd').allTextContents();
    console.log(
      `${name} (${length}): ${time}, ${used.toFixed(2)} s of the processor, ${sent} and ${received}`,
    );
    expect(await page.locator('#alert:visible').count()).toBe(0);
  });
});
