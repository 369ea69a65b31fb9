/** Ctrl-C: runs what commands registered (close a server, end a child, keep a checkpoint), then ends with 130. */
import { InterruptedError } from './errors.js';

type Cleanup = () => void | Promise<void>;

const cleanups = new Set<Cleanup>();

/** Registers a cleanup for an interruption; returns the function that takes it back. */
export function onInterrupt(cleanup: Cleanup): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

let isEnding = false;

/** @throws InterruptedError where the process is ending: what starts now would miss its cleanup */
export function checkNotInterrupted(): void {
  if (isEnding) throw new InterruptedError('interrupted');
}

let onTermination: (() => Promise<void>) | null = null;

/** What SIGTERM asks for in place of an interruption: an orderly end, after which the exit code is 0. */
export function onTerminate(end: () => Promise<void>): () => void {
  onTermination = end;
  return () => {
    onTermination = null;
  };
}

/** Listens for SIGINT and SIGTERM; `interrupted` rejects after the cleanups ran, or resolves after an orderly end. A second signal ends at once. */
export function interruptCleanup(): { readonly interrupted: Promise<void>; dispose(): void } {
  let onSignal: (signal: NodeJS.Signals) => void = () => undefined;
  const interrupted = new Promise<void>((resolve, reject) => {
    let signalled = false;
    onSignal = (signal) => {
      if (signalled) process.exit(130);
      signalled = true;
      if (signal === 'SIGTERM' && onTermination) {
        onTermination().then(resolve, reject);
        return;
      }
      isEnding = true;
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
      isEnding = false;
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
