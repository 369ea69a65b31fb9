/** The server party. */
import type { ServeOptions, Server } from './serve-options.js';

export type { Limits, ServeOptions, Server, WebOptions } from './serve-options.js';

/** A server, however many processes it is. */
export interface Running
  extends Pick<Server, 'host' | 'port' | 'modelDigest' | 'reload' | 'httpPort' | 'webPort'> {
  /** Nobody new; texts that are at work may finish within so long. */
  end(graceMilliseconds: number): Promise<void>;
}

async function start(options: ServeOptions): Promise<Running> {
  if ((options.workers ?? 0) > 0) {
    const { serveByWorkers } = await import('./serve-by-workers.js');
    return serveByWorkers(options);
  }
  const { serveHere } = await import('./serve-here.js');
  return serveHere(options);
}

/**
 * Serves models; resolves once clients can connect. The process lives as long as the server is open.
 * @throws ArtifactError, or an Error that names the address if it cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { end, ...running } = await start(options);
  let ending: Promise<void> | null = null;
  const drain = (graceMilliseconds: number): Promise<void> => {
    signal?.removeEventListener('abort', close);
    ending ??= end(graceMilliseconds);
    return ending;
  };
  const close = (): Promise<void> => drain(0);
  if (signal?.aborted) await close();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', close, { once: true });
  return { ...running, close, drain, [Symbol.asyncDispose]: close };
}
