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
