import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LineNote } from '../../../inference/client/line-note.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { estimateCost } from '../../../inference/cost/cost-model.js';
import { guessedCounts } from '../../../inference/client/warm.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const model = tinyArtifact({ seed: 1 }).public;

function note(rate: number | null) {
  const lines: string[] = [];
  const onNote = (line: string) => lines.push(line);
  return { lines, note: new LineNote({ model, answer: FINEST_LOGITS, lineRate: () => rate, onNote }) };
}

it('tells once what a long text moves and how long the line takes for it', async () => {
  const { lines, note: watched } = note(100);
  const stop = watched.watch([16]);
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  const { bytes } = await estimateCost(model, {
    bucket: 16,
    answer: FINEST_LOGITS,
    schedule: guessedCounts(model, 16),
  });
  expect(lines[0]).toContain(`about ${Math.ceil(bytes / 1e6)} MB`);
  expect(lines[0]).toContain(
    `about ${Math.ceil(bytes / 100_000)} s if messages go on leaving at 0.8 Mbit/s: the line is slow, or either end is busy`,
  );
  stop();
  watched.watch([16]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines).toHaveLength(1);
});

it('has nothing to tell of short runs, and where no message had to wait', async () => {
  const short = note(100);
  const stop = short.note.watch([16]);
  vi.advanceTimersByTime(4_999);
  stop();
  const fast = note(null);
  fast.note.watch([16]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([short.lines, fast.lines]).toEqual([[], []]);
});
