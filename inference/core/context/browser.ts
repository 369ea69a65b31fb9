/**
 * Contexts in a browser, which does not know what an `await` continues: the value is that of the call begun last that has not
 * ended. That is exact where calls with values follow one another or lie within one another. Of calls at the same time
 * each sees the value of the youngest: what counts costs by span then counts some in a neighbour, under the same parent.
 */
import type { Context, Snapshot } from './context.js';

/** Of calls at the same time only one is seen: texts must follow one another. */
export const CONTEXTS_FOLLOW_AWAITS = false;

interface Frame {
  readonly key: object | null;
  readonly value: unknown;
  readonly below: Frame | null;
  hasEnded: boolean;
}

const BOTTOM: Frame = { key: null, value: undefined, below: null, hasEnded: false };
let top: Frame = BOTTOM;

/** Frames that ended out of turn are left once nothing above them is open. */
function open(): Frame {
  while (top.hasEnded) top = top.below!;
  return top;
}

function runIn<R>(frame: Frame, body: () => R): R {
  top = frame;
  const end = (): void => {
    frame.hasEnded = true;
  };
  let result: R;
  try {
    result = body();
  } catch (error) {
    end();
    throw error;
  }
  if (!(result instanceof Promise)) end();
  // Before whoever awaits the result goes on: this reaction is the first.
  else result.then(end, end);
  return result;
}

export function createContext<T>(): Context<T> {
  const key = {};
  return {
    get() {
      for (let frame: Frame | null = open(); frame; frame = frame.below)
        if (frame.key === key && !frame.hasEnded) return frame.value as T;
      return undefined;
    },
    run: (value, body) => runIn({ key, value, below: open(), hasEnded: false }, body),
  };
}

/** The body's synchronous part; what it awaits sees what is open then. */
export function snapshot(): Snapshot {
  const frame = open();
  return (body) => {
    const before = open();
    top = frame;
    try {
      return body();
    } finally {
      top = before;
    }
  };
}
