/** Contexts: exact in Node; in browsers exact for calls one after another and one within another. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import * as browser from '../../../inference/core/context/browser.js';
import * as node from '../../../inference/core/context/node.js';

describe.each([
  ['node', node],
  ['browser', browser],
])('a context in %s', (_, { createContext, snapshot }) => {
  it('belongs to a call, to what it awaits and to nothing behind it', async () => {
    const context = createContext<string>();
    const seen: (string | undefined)[] = [context.get()];
    const see = () => seen.push(context.get());
    await context.run('outer', async () => {
      see();
      await turn();
      await context.run('inner', async () => {
        await turn();
        see();
      });
      see();
      context.run('at once', see);
      see();
    });
    see();
    expect(seen).toEqual([undefined, 'outer', 'inner', 'outer', 'at once', 'outer', undefined]);
  });

  it('ends with a call that fails', async () => {
    const context = createContext<string>();
    const failing = context.run('failing', async () => {
      await turn();
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(context.get()).toBeUndefined();
    const atOnce = () =>
      context.run('failing', () => {
        throw new Error('at once');
      });
    expect(atOnce).toThrow('at once');
    expect(context.get()).toBeUndefined();
  });

  it('keeps contexts apart', () => {
    const [a, b] = [createContext<number>(), createContext<number>()];
    expect(a.run(1, () => b.run(2, () => [a.get(), b.get()]))).toEqual([1, 2]);
  });

  it('can be returned to by a snapshot', async () => {
    const context = createContext<string>();
    await context.run('outer', async () => {
      const inOuter = snapshot();
      await context.run('inner', async () => {
        expect(inOuter(() => context.get())).toBe('outer');
        expect(context.get()).toBe('inner');
      });
    });
  });

  it('finds the way back from calls at the same time, in whatever order they end', async () => {
    const context = createContext<string>();
    for (const [first, second] of [
      [1, 3],
      [3, 1],
    ] as const) {
      await context.run('parent', async () => {
        const wait = async (turns: number) => {
          for (let i = 0; i < turns; i++) await turn();
        };
        await Promise.all([context.run('a', () => wait(first)), context.run('b', () => wait(second))]);
        expect(context.get()).toBe('parent');
      });
      expect(context.get()).toBeUndefined();
    }
  });
});
