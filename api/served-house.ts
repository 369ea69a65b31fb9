/** What every process that serves has: models, limits, and the page. */
import type { Room } from '../inference/server/clients.js';
import type { ResidentKey } from '../inference/material/resident.js';
import type { ServedPools } from '../inference/server/serve-ahead.js';
import type { ServedModel } from '../inference/server/serve-connection.js';
import type { House } from '../inference/server/served-client.js';
import type { WebPortOptions } from '../inference/server/web-port.js';
import { UsageError } from '../util/errors.js';
import { packageFile } from '../util/package-file.js';
import {
  DEFAULT_AHEAD_MEGABYTES,
  DEFAULT_HOST,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_POOLS_MEGABYTES,
  DEFAULT_QUEUE_LENGTH,
  DEFAULT_TIMEOUT_MILLISECONDS,
} from './defaults.js';
import { onUse } from './on-use.js';
import type { Limits, ServeOptions } from './serve-options.js';

async function poolsOf(folder: string, megabytes: number, model: ServedModel): Promise<ServedPools> {
  const { DEFAULT_POOL_LIMITS, PoolFolder } = await import('../inference/server/pool-folder.js');
  const { weightsDigest } = await import('../inference/server/weights-digest.js');
  return {
    folder: new PoolFolder(folder, { ...DEFAULT_POOL_LIMITS, bytes: megabytes * 1e6 }),
    model: weightsDigest(model.terms.modelDigest, model.private),
  };
}

async function residentKeyOf(file: string, model: ServedModel): Promise<ResidentKey> {
  const { readResidentSecret } = await import('../inference/server/resident-key.js');
  const { weightsDigest } = await import('../inference/server/weights-digest.js');
  const weights = weightsDigest(model.terms.modelDigest, model.private);
  return { secret: await readResidentSecret(file), weights };
}

/** All models by name, read and checked; a model alone has none that clients would see. */
async function readModels(options: ServeOptions): Promise<ReadonlyMap<string, ServedModel>> {
  const { artifact, pools, poolsMegabytes = DEFAULT_POOLS_MEGABYTES, residentWeights } = options;
  const { servedModelOf } = await import('../inference/server/served-model.js');
  const aheadMegabytes = options.aheadMegabytes ?? DEFAULT_AHEAD_MEGABYTES;
  const folders = typeof artifact === 'string' ? { '': artifact } : artifact;
  const models = new Map<string, ServedModel>();
  for (const [name, folder] of Object.entries(folders)) {
    const model = await servedModelOf(folder, { ...options, aheadMegabytes, ...(name ? { name } : {}) });
    models.set(name, {
      ...model,
      residentKey: residentWeights === undefined ? null : await residentKeyOf(residentWeights, model),
      pools: pools === undefined ? null : await poolsOf(pools, poolsMegabytes, model),
    });
  }
  if (models.size === 0) throw new UsageError('serve: expected an artifact, got none');
  return models;
}

export async function openLimits({ materialPerHour, ...limits }: Limits) {
  const { IdentityLimits } = await import('../inference/server/limits.js');
  const materialBytesPerHour = materialPerHour === undefined ? undefined : materialPerHour * 1e6;
  return IdentityLimits.open({ ...limits, materialBytesPerHour });
}

function checkedOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new UsageError(`web origin: expected one as https://example.org, got ${text}`);
}

/** The page as `npm run build` made it, and WebSockets for clients that `serve` takes. */
export async function webOptionsOf(
  options: ServeOptions,
  serve: WebPortOptions['serve'],
): Promise<WebPortOptions | null> {
  const { web, tls = null, host = DEFAULT_HOST } = options;
  if (web === undefined) return null;
  const { readWebFiles } = await import('../inference/server/web-files.js');
  return {
    host,
    port: web.port,
    tls,
    files: await readWebFiles(packageFile('dist', 'browser')),
    origins: (web.origins ?? []).map(checkedOrigin),
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    serve,
  };
}

/** How many may come. */
export const roomOf = (options: ServeOptions): Room => ({
  maxClients: options.maxClients ?? DEFAULT_MAX_CLIENTS,
  queueLength: options.queueLength ?? DEFAULT_QUEUE_LENGTH,
  ...(options.maxRuns === undefined ? {} : { maxRuns: options.maxRuns }),
});

/** The models, and who may ask for them. */
export interface Offer {
  readonly house: House['options'];
  /** Of the (first) model as clients see it. */
  readonly modelDigest: string;
  /** Reads the artifacts again. @throws what reading throws, and changes nothing then */
  reload(): Promise<void>;
}

export async function openOffer(options: ServeOptions): Promise<Offer> {
  const { ServedModels } = await onUse(() => import('../inference/server/served-models.js'));
  const { openEngineParty } = await import('../inference/run/engine-party.js');
  const { Tokens } = await import('../inference/server/tokens.js');
  const models = new ServedModels(await readModels(options));
  const { longestRunSeconds } = options;
  return {
    house: {
      model: (wanted) => models.choose(wanted),
      open: openEngineParty,
      tokens: options.tokens === undefined ? null : await Tokens.open(options.tokens),
      ...(longestRunSeconds === undefined ? {} : { longestRunMilliseconds: 1_000 * longestRunSeconds }),
    },
    modelDigest: models.choose({ modelName: null, modelDigest: null }).terms.modelDigest,
    reload: async () => models.replace(await readModels(options)),
  };
}
