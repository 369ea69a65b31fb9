/** Ctrl-C: runs what commands registered (close a server, end a child, keep a checkpoint), then ends with 130. */
import { InterruptedError } from './errors.js';

type Cleanup = () => void | Promise<void>;

const cleanups = new Set<Cleanup>();

/** Registers a cleanup for an interruption; returns the function that takes it back. */
export function onInterrupt(cleanup: Cleanup): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/** Listens for SIGINT and SIGTERM; `interrupted` rejects after the cleanups ran. A second signal ends at once. */
export function interruptCleanup(): { readonly interrupted: Promise<never>; dispose(): void } {
  let onSignal: (signal: NodeJS.Signals) => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    let signalled = false;
    onSignal = (signal) => {
      if (signalled) process.exit(130);
      signalled = true;
      const reason = new InterruptedError(signal === 'SIGINT' ? 'interrupted' : `ended by ${signal}`);
      Promise.allSettled([...cleanups].map(async (cleanup) => cleanup())).then(() => reject(reason));
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  interrupted.catch(() => undefined);
  return {
    interrupted,
    dispose() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
