/** Contexts in Node. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Snapshot } from './context.js';

export function createContext<T>(): Context<T> {
  const storage = new AsyncLocalStorage<T>();
  return { get: () => storage.getStore(), run: (value, body) => storage.run(value, body) };
}

export const snapshot = (): Snapshot => AsyncLocalStorage.snapshot();
