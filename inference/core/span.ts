/**
 * Measuring from outside: protocol bodies hold arithmetic and messages, and `protocol(name, body)` names the stretch
 * of time in which they run. Whoever measures (session/meter.ts) is told through an asynchronous context, so that two
 * parties in one process do not mix. Without a measurer a span is a plain call.
 */
import { createContext } from '#context';

/** One open span; the measurer decides what it counts. */
export interface Span {
  /** Where the measurer keeps it. */
  readonly name?: string;
  /** `layer`: of a span that is a layer of the model, its number. */
  child(name: string, layer?: number): Span;
  end(): void;
  /** A kernel begins to work in a thread of its own, ahead of need or because this party waits for it. → to be called when it is done */
  job?(name: string, isAhead: boolean): () => void;
  /** Another measurer's span of the same stretch. */
  readonly beside?: Span | undefined;
}

const current = createContext<Span>();

export const currentSpan = (): Span | undefined => current.get();

/** Runs `body` with `root` as the open span. */
export const withSpan = <T>(root: Span, body: () => T): T => current.run(root, body);

/** What throws before its first await rejects, as what throws later does: whoever must do something at the end waits for one promise. */
export function started<T>(body: () => Promise<T>): Promise<T> {
  try {
    return body();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Runs `body` in a span below the open one. Names are short; nested names form a path: `layer3/softmax/max`. */
export function span<T>(name: string, body: () => Promise<T>, layer?: number): Promise<T> {
  const parent = current.get();
  if (!parent) return started(body);
  const child = parent.child(name, layer);
  const result = current.run(child, () => started(body));
  // Before whoever awaits the result goes on: this reaction is the first.
  const end = (): void => child.end();
  result.then(end, end);
  return result;
}

/** `body`, whose cost counts in the span that is open now, in whichever it is run. */
export function countedHere<Arguments extends readonly unknown[], Result>(
  body: (...args: Arguments) => Result,
): (...args: Arguments) => Result {
  const here = current.get();
  return here ? (...args) => current.run(here, () => body(...args)) : body;
}

/** Work of a kernel in a thread of its own; the measurer of the open span is told of it. `isAhead`: nobody waits for it yet. */
export async function threadJob<T>(name: string, work: Promise<T>, isAhead = false): Promise<T> {
  const end = current.get()?.job?.(name, isAhead);
  try {
    return await work;
  } finally {
    end?.();
  }
}

/** A layer of the model. */
export const layerSpan = <T>(layer: number, body: () => Promise<T>): Promise<T> =>
  span(`layer${layer}`, body, layer);

/** A named protocol: `body` runs in a span of that name, and stack traces show it by that name. */
export function protocol<Arguments extends readonly unknown[], Result>(
  name: string,
  body: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  if (body.name === '') Object.defineProperty(body, 'name', { value: name });
  return (...args) => span(name, () => body(...args));
}
