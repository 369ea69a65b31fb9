/**
 * Models and data sets by name from a hub that speaks Hugging Face's HTTP interface. Files are kept in a cache folder
 * and checked against the hub's own digests, so that a run goes on without network once it has them.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { downloadFile, expectedDigest, HubError, type HubFile, hubFetch } from './hub-download.js';
import { writeFileAtomically } from '../write-file-atomically.js';

export { HubError } from './hub-download.js';

export interface HubOptions {
  /** Base address; default: environment variable HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string;
  /** Default: CIPHERPRUNE_CACHE, or cipherprune/hub in the user's cache folder. */
  readonly cacheFolder?: string;
  /** Branch, tag or commit. */
  readonly revision?: string;
  /** Use the cache only; default: environment variable HF_HUB_OFFLINE. */
  readonly offline?: boolean;
  /** A request that stalls for so long fails, and is tried again a few times. */
  readonly stallMilliseconds?: number;
  /** First pause between tries; doubles. */
  readonly retryMilliseconds?: number;
  /** Told after each piece of a file. */
  readonly onProgress?: (path: string, receivedBytes: number, totalBytes: number) => void;
}

export interface Repository {
  readonly kind: 'model' | 'dataset';
  /** `owner/name`. */
  readonly name: string;
}

const NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const REVISION = /^[A-Za-z0-9][\w./-]*$/;
const PATH = /^(?!.*(^|\/)\.\.?(\/|$))[\w.@+-]+(\/[\w.@+-]+)*$/;

interface Settings {
  readonly endpoint: string;
  readonly folder: string;
  readonly revision: string;
  readonly offline: boolean;
  readonly stallMilliseconds: number;
  readonly retryMilliseconds: number;
  readonly onProgress: NonNullable<HubOptions['onProgress']>;
}

const defaultCacheFolder = (): string =>
  process.env.CIPHERPRUNE_CACHE ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cipherprune', 'hub');

function settingsFor({ kind, name }: Repository, options: HubOptions): Settings {
  const revision = options.revision ?? 'main';
  if (!NAME.test(name))
    throw new HubError(`hub: expected a name like owner/name, got ${JSON.stringify(name)}`);
  if (!REVISION.test(revision) || revision.includes('..'))
    throw new HubError(`hub: expected a branch, tag or commit, got ${JSON.stringify(revision)}`);
  const endpoint = options.endpoint ?? (process.env.HF_ENDPOINT || 'https://huggingface.co');
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    folder: join(
      options.cacheFolder ?? defaultCacheFolder(),
      `${kind}s`,
      name.replace('/', '--'),
      revision.replaceAll('/', '--'),
    ),
    revision,
    offline: options.offline ?? /^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? ''),
    stallMilliseconds: options.stallMilliseconds ?? 30_000,
    retryMilliseconds: options.retryMilliseconds ?? 1_000,
    onProgress: options.onProgress ?? (() => undefined),
  };
}

const listingSchema = z.array(
  z.looseObject({
    type: z.string(),
    path: z.string(),
    size: z.number().int().min(0).default(0),
    oid: z.string().optional(),
    lfs: z.looseObject({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) }).nullish(),
  }),
);

/** Large files have their SHA-256, small ones the SHA-1 of their git blob. */
function toHubFile(entry: z.output<typeof listingSchema>[number]): HubFile {
  if (entry.lfs) return { path: entry.path, bytes: entry.lfs.size, sha256: entry.lfs.oid, gitBlob: null };
  const gitBlob = entry.oid !== undefined && /^[0-9a-f]{40}$/.test(entry.oid) ? entry.oid : null;
  return { path: entry.path, bytes: entry.size, sha256: null, gitBlob };
}

function parseListing(text: string, from: string): HubFile[] {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch {
    throw new HubError(`${from}: expected a JSON list of files`);
  }
  const parsed = listingSchema.safeParse(literal);
  if (!parsed.success)
    throw new HubError(`${from}: expected a list of files, got ${parsed.error.issues[0]?.message}`);
  return parsed.data.filter(({ type, path }) => type === 'file' && PATH.test(path)).map(toHubFile);
}

/** Address of the next page from a Link header, on the same host only. */
function nextPage(response: Response, current: string): string | null {
  const next = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  if (next === undefined) return null;
  const url = new URL(next, current);
  return url.origin === new URL(current).origin ? url.href : null;
}

const MOST_PAGES = 50;
const LISTING_NAME = 'listing.json';

async function requestListing({ kind, name }: Repository, settings: Settings): Promise<HubFile[]> {
  const files: HubFile[] = [];
  let url: string | null =
    `${settings.endpoint}/api/${kind}s/${name}/tree/${encodeURIComponent(settings.revision)}?recursive=true`;
  for (let page = 0; url !== null && page < MOST_PAGES; page++) {
    const response: Response = await hubFetch(url, {}, settings);
    files.push(...parseListing(await response.text(), url));
    url = nextPage(response, url);
  }
  return files;
}

const keptListingSchema = z.array(
  z.strictObject({
    path: z.string().regex(PATH),
    bytes: z.number().int().min(0),
    sha256: z.string().nullable(),
    gitBlob: z.string().nullable(),
  }),
);

async function keptListing(settings: Settings): Promise<HubFile[] | null> {
  try {
    return keptListingSchema.parse(JSON.parse(await readFile(join(settings.folder, LISTING_NAME), 'utf8')));
  } catch {
    return null;
  }
}

/** The files of a repository: from the hub, or as they were last seen when it cannot be reached. */
async function listing(repository: Repository, settings: Settings): Promise<HubFile[]> {
  const kept = await keptListing(settings);
  const absent = `${repository.kind} ${repository.name} is not in the cache ${settings.folder}`;
  if (settings.offline) {
    if (kept === null) throw new HubError(`hub: offline, and ${absent}`);
    return kept;
  }
  try {
    const files = await requestListing(repository, settings);
    await mkdir(settings.folder, { recursive: true });
    await writeFileAtomically(join(settings.folder, LISTING_NAME), JSON.stringify(files));
    return files;
  } catch (error) {
    // An answer such as "not found" counts; only a hub out of reach lets the cache stand in.
    if (!(error instanceof HubError) || !error.unreachable) throw error;
    if (kept !== null) return kept;
    throw new HubError(`${error.message}; ${absent}; give a local directory, or set HF_ENDPOINT`, true);
  }
}

/** True if the cache has the file with the content that the listing names. */
async function isCached(file: HubFile, target: string, digestPath: string): Promise<boolean> {
  const [kept, digest] = await Promise.all([
    stat(target).catch(() => null),
    readFile(digestPath, 'utf8').catch(() => null),
  ]);
  return kept?.size === file.bytes && digest === String(expectedDigest(file));
}

async function cachedFile(repository: Repository, file: HubFile, settings: Settings): Promise<string> {
  const target = join(settings.folder, 'files', file.path);
  const digestPath = join(settings.folder, 'digests', file.path);
  if (await isCached(file, target, digestPath)) return target;
  if (settings.offline)
    throw new HubError(`hub: offline, and ${repository.name}: ${file.path} is not in the cache`);
  const base = repository.kind === 'dataset' ? `${settings.endpoint}/datasets` : settings.endpoint;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const url = `${base}/${repository.name}/resolve/${encodeURIComponent(settings.revision)}/${path}`;
  await downloadFile(url, file, target, settings);
  await mkdir(dirname(digestPath), { recursive: true });
  await writeFileAtomically(digestPath, String(expectedDigest(file)));
  return target;
}

/** Fetches the files that `choose` picks; resolves to their paths in the cache, in the listing's order. */
export async function fetchFromHub(
  repository: Repository,
  choose: (paths: readonly string[]) => readonly string[],
  options: HubOptions = {},
): Promise<{ folder: string; paths: string[] }> {
  const settings = settingsFor(repository, options);
  const files = await listing(repository, settings);
  const chosen = new Set(choose(files.map(({ path }) => path)));
  const paths: string[] = [];
  for (const file of files)
    if (chosen.has(file.path)) paths.push(await cachedFile(repository, file, settings));
  return { folder: join(settings.folder, 'files'), paths };
}

const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
  'added_tokens.json',
  'cipherprune.json',
];

/** Files of a checkpoint: configuration, weights (single or sharded) and tokenizer. */
function checkpointPaths(name: string, paths: readonly string[]): string[] {
  const single = 'model.safetensors';
  const weights = paths.includes(single)
    ? [single]
    : paths.filter((path) => path === `${single}.index.json` || /^model-\d+-of-\d+\.safetensors$/.test(path));
  if (weights.length === 0)
    throw new HubError(`hub: model ${name}: expected ${single} or shards of it, got neither`);
  if (!paths.includes('config.json'))
    throw new HubError(`hub: model ${name}: expected config.json, which it lacks`);
  return ['config.json', ...weights, ...paths.filter((path) => TOKENIZER_FILES.includes(path))];
}

/** Fetches a checkpoint; resolves to a directory that readCheckpoint reads. */
export async function fetchCheckpoint(name: string, options: HubOptions = {}): Promise<string> {
  const choose = (paths: readonly string[]) => checkpointPaths(name, paths);
  return (await fetchFromHub({ kind: 'model', name }, choose, options)).folder;
}

/** A checkpoint's directory from a directory or a name on the hub. */
export async function resolveCheckpoint(directoryOrName: string, options: HubOptions = {}): Promise<string> {
  if (existsSync(directoryOrName)) return directoryOrName;
  if (NAME.test(directoryOrName)) return fetchCheckpoint(directoryOrName, options);
  throw new HubError(`checkpoint ${directoryOrName}: no such directory, and no name on a hub (owner/name)`);
}
