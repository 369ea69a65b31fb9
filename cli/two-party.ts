/** A connected client for a command: to a given server, or to one that is started here as a process of its own. */
import type { CotKind } from '../inference/core/cot-kind.js';
import type { Client } from '../inference/run/client.js';
import { onInterrupt } from './interrupt.js';
import { selfCommand } from './model-options.js';
import { note } from './output.js';

export interface ClientTarget {
  /** The server to connect to; null: start one here with `artifact`. */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly artifact?: string | undefined;
  readonly modelDigest?: string | undefined;
  /** A server that is started here keeps the word table secret. */
  readonly privateEmbedding: boolean;
  readonly timeoutSeconds: number;
  readonly cache: boolean;
  readonly cots?: CotKind;
  /** What a server that is started here keeps made ahead. */
  readonly aheadMegabytes?: number;
  /** Show the log of a server that is started here. */
  readonly verbose: boolean;
}

/** Whoever starts both parties for himself may fill his memory. */
export const LOCAL_AHEAD_MEGABYTES = 4_096;

async function startLocalServer(target: ClientTarget) {
  const { artifact, timeoutSeconds, privateEmbedding, verbose, aheadMegabytes = 0 } = target;
  const { startServerProcess } = await import('../inference/run/server-process.js');
  const command = selfCommand(
    'serve',
    ...['--artifact', artifact!, '--port', '0', '--timeout', String(timeoutSeconds)],
    ...['--ahead-memory', String(aheadMegabytes), '--until-stdin-closes'],
    ...(privateEmbedding ? ['--private-embedding'] : []),
  );
  return startServerProcess(command, (line) => verbose && note(`server: ${line}`));
}

/** Runs `body` with a client that is connected and set up; closes everything afterwards, whatever happens. */
export async function withClient<T>(target: ClientTarget, body: (client: Client) => Promise<T>): Promise<T> {
  const { connectClient } = await import('../inference/run/connect.js');
  const { openEngineParty } = await import('../inference/run/engine-party.js');
  const { defaultCacheFolder } = await import('../inference/run/public-cache.js');
  const local = target.address ? null : await startLocalServer(target);
  const forgetCleanup = onInterrupt(() => local?.stop());
  try {
    const client = await connectClient({
      ...(target.address ?? { host: '127.0.0.1', port: local!.port }),
      timeoutMilliseconds: target.timeoutSeconds * 1_000,
      open: openEngineParty,
      cots: target.cots,
      modelDigest: target.modelDigest,
      // The public part without the word table is another than the artifact's: take what the server has.
      artifact: target.privateEmbedding ? undefined : target.artifact,
      cacheFolder: target.cache ? defaultCacheFolder() : null,
    });
    try {
      return await body(client);
    } finally {
      await client.close().catch(() => undefined);
    }
  } finally {
    forgetCleanup();
    await local?.stop();
  }
}
