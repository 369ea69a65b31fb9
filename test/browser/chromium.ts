/** A real browser for tests: the system's Chromium, driven over its own protocol. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Null where there is none; the variable CHROMIUM names one elsewhere. */
export const CHROMIUM = CANDIDATES.find((path) => path !== undefined && existsSync(path)) ?? null;

/** Chromium's own sandbox does not run as root. */
const SANDBOX = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM!, args: SANDBOX });

/** A page of its own, and everything that it asked for or complained of. */
export interface WatchedPage {
  readonly page: Page;
  /** URLs, those of WebSockets included. */
  readonly requests: string[];
  /** Errors, warnings, and violations of the content security policy. */
  readonly complaints: string[];
}

export async function watchedPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { page, requests, complaints };
}

/** Waits until the page is connected, or says why not. */
export async function opened(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await settled(page);
}

/** Connected, or an alert. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#classify:enabled, #alert:visible').first().waitFor({ timeout: 60_000 });
}

/** Classifies what is typed; resolves to the answer. */
export async function classified(page: Page, text: string): Promise<string> {
  await page.getByLabel('Text', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Classify privately' }).click();
  await page.locator('#result:visible, #alert:visible').first().waitFor({ timeout: 110_000 });
  return (await page.locator('#answer').textContent()) ?? '';
}
