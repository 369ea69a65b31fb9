import { describe, expect, it } from 'vitest';
import { protocol, type Span, withSpan } from '../../../inference/core/span.js';

describe('a named protocol', () => {
  it('runs in a span of its name, below the open one', async () => {
    const opened: string[] = [];
    const spanAt = (path: string): Span => ({
      child(name) {
        opened.push(`${path}/${name}`);
        return spanAt(`${path}/${name}`);
      },
      end: () => undefined,
    });
    const inner = protocol('max', async (a: number, b: number) => Math.max(a, b));
    const outer = protocol('softmax', (a: number) => inner(a, 2));
    expect(await withSpan(spanAt(''), () => outer(1))).toBe(2);
    expect(opened).toEqual(['/softmax', '/softmax/max']);
  });

  it('is in stack traces by its name', async () => {
    const failing = protocol('topBit', async () => {
      await null;
      throw new Error('shape');
    });
    const error: Error = await failing().catch((thrown) => thrown);
    expect(error.stack).toMatch(/at topBit /);
  });

  it('rejects and ends its span where the body throws before its first await', async () => {
    const ended: string[] = [];
    const spanOf = (name: string): Span => ({ child: spanOf, end: () => void ended.push(name) });
    const failing = protocol('shift', (): Promise<never> => {
      throw new RangeError('shape');
    });
    await expect(failing()).rejects.toThrow('shape');
    const withSpans = withSpan(spanOf('root'), () => failing().catch((error: Error) => error.message));
    expect(await withSpans).toBe('shape');
    expect(ended).toEqual(['shift']);
  });

  it('keeps the name that a function has', async () => {
    async function carried(): Promise<never> {
      throw new Error('shape');
    }
    const error: Error = await protocol('isNegative', carried)().catch((thrown) => thrown);
    expect(error.stack).toMatch(/at carried /);
  });
});
