/** Tables of a report in a real browser: a wide one leaves its first column room for the names in it. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { table } from '../../experiments/report/html.js';
import { css } from '../../experiments/report/style.js';
import { CHROMIUM, launch } from './chromium.js';

describe.skipIf(CHROMIUM === null)('a table of a report', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it.each([1300, 700])('does not break short names into letters, in %i pixels', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    const header = [
      'model',
      'system',
      's, run',
      's, LAN (estimated)',
      'GB',
      'rounds',
      's (published)',
      'GB (published)',
    ];
    const row = (model: string) => [
      model,
      'cipherprune-prune',
      '1.82',
      '0.171',
      '0.00497',
      '55',
      '1.11',
      '2.22',
    ];
    await page.setContent(
      `<!doctype html><style>${css}</style>${table(header, [row('bert-tiny'), row('bert-medium')])}`,
    );
    const heights = await page.locator('tr').evaluateAll((rows) => rows.map((one) => one.clientHeight));
    const line = await page
      .locator('td')
      .nth(1)
      .evaluate((cell) => parseFloat(getComputedStyle(cell).lineHeight));
    for (const height of heights) expect(height).toBeLessThan(2.9 * line);
    await page.close();
  });
});
