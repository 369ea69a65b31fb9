import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { MemoryReturn } from '../../../inference/server/memory-return.js';

const child = fileURLToPath(new URL('./returned-memory-child.ts', import.meta.url));
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

describe('memory that nobody uses any more', () => {
  it('goes back to the system', async ({ skip }) => {
    if (!isGlibc) skip('another C library: it decides itself');
    const process = fork(child, [], { execArgv: ['--import', import.meta.resolve('tsx')] });
    const [{ before, most, after }] = (await once(process, 'message')) as [Record<string, number>];
    const taken = most! - before!;
    expect(taken).toBeGreaterThan(150 * 2 ** 20);
    expect(after! - before!).toBeLessThan(taken / 4);
  });

  it('is given back once for many who left, when nobody is at work, and not after the end', async () => {
    vi.useFakeTimers();
    try {
      let isBusy = true;
      let given = 0;
      const memory = new MemoryReturn({
        isBusy: () => isBusy,
        waitMilliseconds: 100,
        give: async () => void given++,
      });
      for (let i = 0; i < 5; i++) memory.clientLeft();
      vi.advanceTimersByTime(1_000);
      expect(given).toBe(0);
      isBusy = false;
      vi.advanceTimersByTime(1_000);
      expect(given).toBe(1);
      memory.clientLeft();
      memory.stop();
      vi.advanceTimersByTime(1_000);
      expect(given).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
