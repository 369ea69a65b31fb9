/** One file from a hub: resumed where it stopped, bounded by its listed size, checked, then renamed into place. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CipherPruneError } from '../../util/errors.js';
import { leftoversOf, temporaryName } from '../leftovers.js';

/** The hub cannot be reached, does not have it, or sent something else; the message names what was asked for. */
export class HubError extends CipherPruneError {
  override name = 'HubError';
  readonly code = 'ERR_HUB';

  constructor(
    message: string,
    /** No answer at all, as opposed to a bad one. */
    readonly unreachable = false,
  ) {
    super(message);
  }
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | null;
  readonly gitBlob: string | null;
}

export interface DownloadSettings {
  readonly stallMilliseconds: number;
  readonly retryMilliseconds: number;
  readonly onProgress: (path: string, receivedBytes: number, totalBytes: number) => void;
}

const TRIES = 4;

/** Why fetch failed, with the socket's own reason where there is one. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
};

/** Ends the request when nothing has happened for a while; `touch` starts the clock anew. */
class StallGuard {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  readonly signal = this.#controller.signal;

  constructor(private readonly milliseconds: number) {
    this.touch();
  }

  touch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const stalled = new Error(`no data for ${this.milliseconds} ms`);
    this.#timer = setTimeout(() => this.#controller.abort(stalled), this.milliseconds);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

/** Repeats what failed for want of an answer, with growing pauses. */
async function withRetries<T>(retryMilliseconds: number, attempt: () => Promise<T>): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof HubError) || !error.unreachable || failed === TRIES) throw error;
      await pause(retryMilliseconds * 2 ** (failed - 1));
    }
  }
}

/** Refusals that may pass (too many requests, server errors) count as no answer. */
function checkStatus(response: Response, url: string): void {
  if (response.ok) return;
  const { status, statusText } = response;
  throw new HubError(
    `${url}: expected a file, got ${status} ${statusText}`.trim(),
    status === 429 || status >= 500,
  );
}

async function request<T>(
  url: string,
  headers: Record<string, string>,
  stallMilliseconds: number,
  use: (response: Response, guard: StallGuard) => Promise<T>,
): Promise<T> {
  const guard = new StallGuard(stallMilliseconds);
  try {
    return await use(await fetch(url, { headers, signal: guard.signal }), guard);
  } catch (error) {
    if (error instanceof HubError) throw error;
    throw new HubError(`${url}: ${reasonOf(error)}`, true);
  } finally {
    guard.stop();
  }
}

/** A small answer, read whole. */
export const hubFetch = (
  url: string,
  headers: Record<string, string>,
  { stallMilliseconds, retryMilliseconds }: DownloadSettings,
): Promise<Response> =>
  withRetries(retryMilliseconds, () =>
    request(url, headers, stallMilliseconds, async (response) => {
      checkStatus(response, url);
      const body = await response.arrayBuffer();
      return new Response(body, { headers: response.headers });
    }),
  );

/** Appends what is missing to the partial file. */
async function continuePartial(
  url: string,
  file: HubFile,
  partial: string,
  settings: DownloadSettings,
): Promise<void> {
  const kept = (await stat(partial).catch(() => null))?.size ?? 0;
  if (kept === file.bytes && kept > 0) return;
  const from = kept < file.bytes ? kept : 0;
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  await request(url, headers, settings.stallMilliseconds, async (response, guard) => {
    checkStatus(response, url);
    const resumed =
      response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`);
    let received = resumed ? from : 0;
    const output = await open(partial, received > 0 ? 'a' : 'w');
    try {
      for await (const piece of response.body ?? []) {
        guard.touch();
        received += piece.length;
        if (received > file.bytes) throw new HubError(`${url}: expected ${file.bytes} bytes, got more`);
        await output.writeFile(piece);
        settings.onProgress(file.path, received, file.bytes);
      }
    } finally {
      await output.close();
    }
    if (received < file.bytes)
      throw new HubError(`${url}: expected ${file.bytes} bytes, got ${received}`, true);
  });
}

async function digestOf(path: string, algorithm: 'sha256' | 'sha1', prefix = ''): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

/** What the hub says of a file's content: SHA-256, or the SHA-1 of its git blob; null if it says nothing. */
export const expectedDigest = (file: HubFile): string | null => file.sha256 ?? file.gitBlob;

/** The digest of a file in the form in which the hub gives it. */
const actualDigest = (path: string, file: HubFile): Promise<string> =>
  file.sha256 !== null ? digestOf(path, 'sha256') : digestOf(path, 'sha1', `blob ${file.bytes}\0`);

/** From one name to another, where there is such a file. False where there is none. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * A name that nobody else writes to, whatever downloads the same file at the same time, with what an earlier try kept under `partial` or a
 * process that was killed left.
 */
async function claimPartial(partial: string): Promise<string> {
  const own = temporaryName(partial);
  if (await moved(partial, own)) return own;
  for (const { path, mayLive } of await leftoversOf(partial))
    if (!mayLive && (await moved(path, own))) return own;
  return own;
}

/** Downloads to `target`. Throws HubError; what has arrived is kept beside it for the next try. */
export async function downloadFile(
  url: string,
  file: HubFile,
  target: string,
  settings: DownloadSettings,
): Promise<void> {
  const kept = `${target}.partial`;
  await mkdir(dirname(target), { recursive: true });
  const partial = await claimPartial(kept);
  try {
    await downloadWhole(url, file, partial, settings);
    await rename(partial, target);
  } catch (error) {
    await moved(partial, kept);
    throw error;
  }
}

async function downloadWhole(
  url: string,
  file: HubFile,
  partial: string,
  settings: DownloadSettings,
): Promise<void> {
  const expected = expectedDigest(file);
  for (;;) {
    const resumed = existsSync(partial);
    await withRetries(settings.retryMilliseconds, () => continuePartial(url, file, partial, settings));
    if (expected === null) return;
    const got = await actualDigest(partial, file);
    if (got === expected) return;
    await rm(partial, { force: true });
    // An older partial file may have been the beginning of another version: once more from the start.
    if (!resumed) throw new HubError(`${url}: damaged: expected digest ${expected}, got ${got}`);
  }
}
