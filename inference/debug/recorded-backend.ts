/** INSECURE, for debugging only (insecure-compare.ts): a backend that tells of every operation, with its arguments, its result and its place. */
import type { Backend } from '../backends/backend.js';
import { currentSpan, type Span } from '../core/span.js';

/** A path of span names, for the place of an operation. */
export class PathSpan implements Span {
  constructor(readonly path: readonly string[]) {}
  child(name: string): Span {
    return new PathSpan([...this.path, name]);
  }
  end(): void {}
}

const openPath = (): readonly string[] => {
  const span = currentSpan();
  return span instanceof PathSpan ? span.path : [];
};

/** One operation that is done. */
export interface Call {
  readonly operation: string;
  /** Names of the spans in which it ran, from the outside in. */
  readonly path: readonly string[];
  readonly args: readonly unknown[];
  readonly result: unknown;
}

/** Calls that only say what is to come: they compute nothing that could be compared. */
const ANNOUNCEMENTS: ReadonlySet<string | symbol> = new Set(['prepareFactors', 'prepareShuffle']);

/** The backend with every finished call told to `onCall`. */
export function recorded(backend: Backend, onCall: (call: Call) => void): Backend {
  const proxy: Backend = new Proxy(backend, {
    get(target, property) {
      // What runs side by side is recorded operation by operation, in the order of the strands.
      if (property === 'together' && target.together)
        return (tasks: readonly ((mpc: Backend) => Promise<unknown>)[]) =>
          target.together!(tasks.map((task) => () => task(proxy)));
      // Without material it is what is given for it, on a backend of its own.
      if (property === 'lines' && target.lines)
        return (...[x, table, otherwise]: Parameters<NonNullable<Backend['lines']>>) =>
          target.lines!(x, table, (lane, y) => otherwise(recorded(lane, onCall), y));
      if (property === 'largest' && target.largest)
        return (...[x, steps, otherwise]: Parameters<NonNullable<Backend['largest']>>) =>
          target.largest!(x, steps, (lane, y) => otherwise(recorded(lane, onCall), y));
      if (property === 'ifMade' && target.ifMade)
        return (...[x, wanted, ahead, otherwise]: Parameters<NonNullable<Backend['ifMade']>>) =>
          target.ifMade!(
            x,
            wanted,
            (lane, y) => ahead(recorded(lane, onCall), y),
            (lane, y) => otherwise(recorded(lane, onCall), y),
          );
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      if (ANNOUNCEMENTS.has(property)) return member.bind(target);
      return (...args: unknown[]) => {
        const path = openPath();
        const done = (result: unknown) => {
          onCall({ operation: String(property), path, args, result });
          return result;
        };
        const result: unknown = member.apply(target, args);
        return result instanceof Promise ? result.then(done) : done(result);
      };
    },
  });
  return proxy;
}
