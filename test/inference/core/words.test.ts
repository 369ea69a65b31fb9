import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  dropIdle,
  giveBack,
  hold,
  letGo,
  poisonWords,
  release,
  takeBytes,
  takeWords,
} from '../../../inference/core/words.js';

afterEach(() => {
  dropIdle();
  poisonWords();
});

describe('arrays that are given back', () => {
  it('serve whoever takes as many bytes next', () => {
    poisonWords(false);
    const words = takeWords(1000).fill(7n);
    const { buffer } = words;
    giveBack(words);
    expect(takeBytes(8000).buffer).toBe(buffer);
    expect(takeBytes(8000).buffer).not.toBe(buffer);
  });

  it('serve what is up to four times smaller', () => {
    poisonWords(false);
    const words = takeWords(1024);
    const { buffer } = words;
    giveBack(words);
    expect([takeBytes(1792).buffer === buffer, takeBytes(2048).buffer === buffer]).toEqual([false, true]);
  });

  it('leave for the collector when many of other sizes come', () => {
    poisonWords(false);
    const [old, young] = [takeBytes(2 ** 25), takeBytes(2 ** 25 + 2 ** 23)];
    const others = Array.from({ length: 3 }, () => takeBytes(2 ** 26));
    const buffers = [old.buffer, young.buffer];
    giveBack(old, ...others, young);
    expect(takeBytes(2 ** 25).buffer === buffers[1]).toBe(true);
    expect(buffers.includes(takeBytes(2 ** 25).buffer)).toBe(false);
  });

  it('are overwritten in tests, so that whoever still reads them notices', () => {
    const words = takeWords(1000).fill(7n);
    giveBack(words);
    expect(words[999]).toBe(0xa5a5_a5a5_a5a5_a5a5n);
    expect(takeWords(700)[0]).toBe(0xa5a5_a5a5_a5a5_a5a5n);
  });

  it('cannot be given back twice', () => {
    const words = takeWords(1000);
    giveBack(words);
    expect(() => giveBack(words.subarray(10))).toThrow('that is idle');
  });

  it('are released by whoever holds them, once, and by nobody else', () => {
    const words = takeWords(1000);
    expect([hold(words), hold(words.subarray(5)), hold(new BigUint64Array(1000))]).toEqual([
      true,
      false,
      false,
    ]);
    expect(() => giveBack(words)).toThrow('that is held');
    release(words.buffer);
    expect(() => release(words.buffer)).toThrow('expected a held array');
    expect(hold(takeWords(1000))).toBe(true);
  });

  it('are in use again when who held them lets them go', () => {
    const words = takeWords(1000);
    expect(() => letGo(words.buffer)).toThrow('expected a held array');
    expect(hold(words)).toBe(true);
    letGo(words.buffer);
    expect(hold(words)).toBe(true);
    letGo(words.buffer);
    giveBack(words);
    expect(words[0]).toBe(0xa5a5_a5a5_a5a5_a5a5n);
  });

  it('are left alone if they were not taken here, or are too small or too large to keep', () => {
    poisonWords(false);
    const others = [new BigUint64Array(1000), takeWords(8), takeWords(0), takeBytes(2 ** 26 + 1)];
    poisonWords();
    for (const array of others) {
      giveBack(array, null);
      giveBack(array);
      expect(Number(array[0] ?? 0)).toBe(0);
    }
  });

  it('never overlap with one in use, in any order of taking and giving back', () => {
    const step = fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), keeps: fc.nat({ max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const used: { array: Uint8Array; mark: number }[] = [];
        for (const [i, { bytes, keeps }] of steps.entries()) {
          const mark = i % 251;
          const array = takeBytes(bytes).fill(mark);
          expect(array.length).toBe(bytes);
          used.push({ array, mark });
          for (const { array: others, mark: theirs } of used)
            expect(others.every((byte) => byte === theirs)).toBe(true);
          while (used.length > keeps) giveBack(used.splice(i % used.length, 1)[0]!.array);
        }
        giveBack(...used.map(({ array }) => array));
      }),
    );
  });
});
