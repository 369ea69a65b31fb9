/** The computations of base OTs in a thread of their own: a server's event loop goes on serving others meanwhile. */
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ownModule } from '../../../util/self-command.js';
import { ProtocolError } from '../../core/errors.js';
import type { BaseOtMath } from './base-ot-math.js';

/** A call as it travels, and its answer. */
export interface Call {
  readonly id: number;
  readonly name: keyof BaseOtMath;
  readonly operands: readonly Uint8Array[];
}
export type Answer =
  | { readonly id: number; readonly result: Uint8Array | { points: Uint8Array; keys: Uint8Array } }
  | { readonly id: number; readonly error: string };

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** In development sources run as they are, and a new thread must be told how to read them. */
const SOURCE_LOADER =
  "const { workerData } = require('node:worker_threads');" +
  'import(workerData.loader).then(({ tsImport }) => tsImport(workerData.worker, __filename))';

function newWorker(): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: 128 };
  const { path, execArgv } = ownModule(new URL('./base-ot-worker.js', import.meta.url));
  if (execArgv.length === 0) return new Worker(path, { resourceLimits });
  // Found from here and not from wherever the process was started.
  const workerData = { worker: pathToFileURL(path).href, loader: import.meta.resolve('tsx/esm/api') };
  return new Worker(SOURCE_LOADER, { eval: true, workerData, resourceLimits });
}

class Thread {
  readonly #worker = newWorker();
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  constructor(onEnd: () => void) {
    // The thread keeps the process alive while a call waits, and no longer.
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#answer(answer));
    const end = (error: Error): void => {
      onEnd();
      for (const { reject } of this.#pending.values()) reject(error);
    };
    this.#worker.once('error', end);
    this.#worker.once('exit', () => end(new Error('base OT: the thread ended')));
  }

  call<Result>(name: keyof BaseOtMath, ...operands: Uint8Array[]): Promise<Result> {
    const id = this.#next++;
    const call: Call = { id, name, operands };
    return new Promise<Result>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#worker.ref();
      this.#worker.postMessage(call);
    });
  }

  #answer(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('error' in answer) pending?.reject(new ProtocolError(answer.error));
    else pending?.resolve(answer.result as never);
  }
}

let thread: Thread | null = null;

function theThread(): Thread {
  if (thread) return thread;
  // One that failed ends a little later, when another may have its place.
  const begun = new Thread(() => {
    if (thread === begun) thread = null;
  });
  thread = begun;
  return thread;
}

/** One thread for all connections of this process, first come, first served. */
export const serverBaseOtMath: BaseOtMath = {
  point: (scalarSeed) => theThread().call('point', scalarSeed),
  senderKeys: (scalarSeed, points) => theThread().call('senderKeys', scalarSeed, points),
  receiver: (pointA, choices, seeds) => theThread().call('receiver', pointA, choices, seeds),
};
