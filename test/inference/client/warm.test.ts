/** Which texts to be ready for, and what of it a server keeps. */

import { describe, expect, it } from 'vitest';
import type { Demand } from '../../../inference/material/demand.js';
import type { ClientAhead, Filled } from '../../../inference/client/client-ahead.js';
import { type Expected, guessedCounts, Warmer } from '../../../inference/client/warm.js';
import { DEFAULT_ANSWER } from '../../../inference/core/answer.js';
import { demandOf } from '../../../inference/cost/demand-of.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const { public: model } = tinyArtifact();

/** A server that keeps so many items of any kind, after texts that used `used` each. */
function warmer(texts: number, limit: number, used: Demand | null = null, filled: Filled = 'complete') {
  const asked: Demand[] = [];
  const notes: string[] = [];
  const ahead: Partial<ClientAhead> = {
    limitBytes: limit,
    expected: (count) => used?.times(count) ?? null,
    within(demand) {
      const items = demand.entries.reduce((sum, [, count]) => sum + count, 0);
      return items <= limit ? demand : demand.times(limit / items);
    },
    async fill(target) {
      asked.push(target);
      return filled;
    },
  };
  const client = { model, answer: DEFAULT_ANSWER, ahead: limit > 0 ? (ahead as ClientAhead) : null };
  const one = new Warmer(client, (line) => notes.push(line));
  return { fill: (expected?: Expected) => one.fill(texts, expected), asked, notes };
}

describe('a warm client', () => {
  it('expects before the first text one of its length, and then what the last ones used', async () => {
    const guess = await demandOf(model, { bucket: 8, schedule: guessedCounts(model, 8) });
    const first = warmer(3, 1e12);
    await first.fill({ bucket: 8 });
    expect(first.asked.map((demand) => demand.toJSON())).toEqual([guess.withMargin(8).times(3).toJSON()]);
    const later = warmer(3, 1e12, guess.times(2));
    await later.fill({ bucket: 8, remaining: 2 });
    expect(later.asked[0]!.toJSON()).toEqual(guess.times(4).toJSON());
    expect(later.notes).toEqual([]);
  });

  it('asks for nothing when nothing comes, or when it was not told to', async () => {
    const { fill: done, asked } = warmer(3, 1e12);
    await done({ remaining: 0 });
    const cold = warmer(0, 1e12);
    await cold.fill();
    expect([...asked, ...cold.asked]).toEqual([]);
  });

  it('takes what the server keeps, and says once that it is less', async () => {
    const { fill: bounded, asked, notes } = warmer(100, 1000);
    await bounded();
    await bounded();
    expect(notes).toEqual(['the server keeps 0.001 MB of material: not for 100 texts']);
    expect(asked).toHaveLength(2);
    const refused = warmer(1, 1e12, null, 'refused');
    await refused.fill();
    expect(refused.notes[0]).toContain('keeps no more');
    const none = warmer(1, 0);
    await none.fill();
    expect(none.notes[0]).toContain('makes nothing ahead');
  });

  it('guesses falling counts', () => {
    const counts = guessedCounts({ config: { ...model.config, layers: 4 } }, 16);
    expect(counts.map(({ kept }) => kept)).toEqual([12, 8, 4, 1]);
    for (const { kept, important } of counts) expect(important).toBeLessThanOrEqual(kept);
  });
});
