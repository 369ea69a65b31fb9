/** Contexts in Node. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Snapshot } from './context.js';

/** Calls at the same time keep their own values, as batches need. */
export const CONTEXTS_FOLLOW_AWAITS = true;

export function createContext<T>(): Context<T> {
  const storage = new AsyncLocalStorage<T>();
  return { get: () => storage.getStore(), run: (value, body) => storage.run(value, body) };
}

export const snapshot = (): Snapshot => AsyncLocalStorage.snapshot();
