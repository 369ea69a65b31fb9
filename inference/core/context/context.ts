/** A value that belongs to a call and to all that it awaits, however many calls run at the same time. */
export interface Context<T> {
  get(): T | undefined;
  /** Runs `body` with this value. */
  run<R>(value: T, body: () => R): R;
}

/** Runs bodies later in the context in which it was made. */
export type Snapshot = <R>(body: () => R) => R;
