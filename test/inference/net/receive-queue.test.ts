import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiveQueue } from '../../../inference/net/receive-queue.js';

describe('receive queue', () => {
  it('reserves no message before a part of it has come', async () => {
    const queue = new ReceiveQueue();
    const before = process.memoryUsage().arrayBuffers;
    const waiting = Array.from({ length: 4 }, () => queue.take(2 ** 30));
    queue.push(new Uint8Array(2 ** 20));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
    queue.fail(new Error('gone'));
    for (const each of waiting) await expect(each).rejects.toThrow('gone');
  });

  it.each(['before anybody asks', 'for a long message'])(
    'keeps single bytes that come %s next to each other',
    async (when) => {
      const queue = new ReceiveQueue();
      const [count, length] = [20_000, 200_000];
      const early = when === 'for a long message' ? queue.take(length) : null;
      // One array of each size, written over for the next chunk: who kept a reference would see its last content.
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
      const sizes = [1, 1, 1, 7, 4095, 1].map((size) => new Uint8Array(size));
      let at = 0;
      for (let i = 0; i < count && at < length; i++) {
        const chunk = sizes[i % 997 === 0 ? 4 : i % 4]!.subarray(0, length - at);
        chunk.set(bytes.subarray(at, at + chunk.length));
        queue.push(chunk);
        at += chunk.length;
      }
      queue.push(bytes.subarray(at));
      expect(queue.queuedBytes).toBe(early ? 0 : length);
      const received = await (early ?? queue.take(length));
      expect(Buffer.compare(received, bytes)).toBe(0);
    },
  );

  it('gives what was sent, in buffers of their own, however it is cut', async () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 60_000, max: 300_000 })), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (sent, wanted) => {
        const total = sent.reduce((a, b) => a + b, 0);
        const bytes = Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 8)) & 255);
        const queue = new ReceiveQueue();
        let asked = 0;
        const fitting = wanted.filter((length) => {
          const fits = asked + length <= total;
          if (fits) asked += length;
          return fits;
        });
        const received = fitting.map((length) => queue.take(length));
        for (let at = 0, i = 0; i < sent.length; at += sent[i++]!)
          queue.push(bytes.subarray(at, at + sent[i]!));
        let at = 0;
        for (const [i, length] of fitting.entries()) {
          const part = await received[i]!;
          expect(part.byteOffset).toBe(0);
          expect(Buffer.compare(part, bytes.subarray(at, at + length))).toBe(0);
          at += length;
        }
        expect(queue.queuedBytes).toBe(total - asked);
      }),
      { numRuns: 30 },
    );
  });
});
