/**
 * What the mode without counts opens: the order of rows after a secret shuffle. It must be uniformly random, whatever the scores
 * are: equal, rising, falling, or beyond any range. Real shuffles and comparisons; only their COTs are dealt.
 */
import { expect, it } from 'vitest';
import type { Backend } from '../../inference/backends/backend.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import { ProtocolError } from '../../inference/core/errors.js';
import { privateTensor } from '../../inference/core/ring-tensor.js';
import { keepBest, keyFormat, orderOf } from '../../inference/functions/keep-best.js';
import { GilboaLinear } from '../support/gilboa-linear.js';
import { both, testParties } from '../support/two-parties.js';

const ROWS = 4;
const ORDERS = 24;
const SAMPLES = 40 * ORDERS;
const FORMAT = { ringBits: 24, fractionBits: 11 };
const RANGE = { largest: 10, heads: 2 };
/** Of 23 degrees of freedom: a uniform order exceeds it once in 10,000 runs, and the seeds are fixed. */
const CRITICAL = 53.5;

const observing = (mpc: Backend, see: (bits: Uint8Array) => void): Backend =>
  new Proxy(mpc, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'revealBits') return member.bind(target);
      return async (...args: unknown[]) => {
        const bits = (await member.apply(target, args)) as Uint8Array;
        see(bits);
        return bits;
      };
    },
  });

/** How often each opened string of comparison bits came, and which rows stayed, by their marks. */
async function opened(scores: readonly number[], seed: number) {
  const counts = new Map<string, number>();
  const kept = new Set<string>();
  const parties = testParties(seed);
  await both(parties, async (party) => {
    const { session, cots } = party;
    const isClient = session.self === 'client';
    const { mpc } = openTwoParty({ session, cots, linear: new GilboaLinear(party) });
    const observed = observing(mpc, (bits) => {
      if (isClient) counts.set(bits.join(''), (counts.get(bits.join('')) ?? 0) + 1);
    });
    const values = isClient ? Float64Array.of(1, ...scores) : null;
    const marks = isClient ? Float64Array.from({ length: ROWS + 1 }, (_, i) => i) : null;
    for (let sample = 0; sample < SAMPLES; sample++) {
      const x = await mpc.share(privateTensor('client', [ROWS + 1], FORMAT, values));
      const mark = await mpc.share(privateTensor('client', [ROWS + 1], FORMAT, marks));
      const counted = { kept: 3, important: 1 };
      const { rows } = await keepBest(observed, RANGE, counted, ROWS + 1, {
        scores: async () => x,
        tensors: async () => [mark],
      });
      if (sample % 100 === 0) {
        const { data } = (await mpc.reveal(rows[0]!, 'all', 'logits'))!;
        if (isClient) kept.add(Array.from(data, (word) => Number(word) / 2 ** 11).join());
      }
    }
  });
  return { counts: [...counts.values()], kept: [...kept] };
}

const chiSquare = (counts: readonly number[]): number => {
  const expected = SAMPLES / ORDERS;
  const missing = ORDERS - counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, missing * expected);
};

it.each([
  { name: 'different scores', scores: [3, 1, 4, 2], best: '0,3,1' },
  { name: 'equal scores', scores: [2, 2, 2, 2], best: '0,1,2' },
  { name: 'two equal ones', scores: [1, 5, 5, 0], best: '0,2,3' },
  { name: 'scores beyond every range', scores: [1000, -1000, 37.5, -3], best: null },
])('of $name every order is as likely as any other, and the best rows stay', async ({ scores, best }) => {
  const { counts, kept } = await opened(scores, 17);
  expect(counts.length).toBeLessThanOrEqual(ORDERS);
  expect(chiSquare(counts)).toBeLessThan(CRITICAL);
  expect(kept).toHaveLength(1);
  if (best) expect(kept[0]).toBe(best);
});

it('has keys that two exchanges compare, with steps of a small part of a uniform score', () => {
  for (const { rows, heads } of [
    { rows: 127, heads: 12 },
    { rows: 63, heads: 12 },
    { rows: 15, heads: 2 },
    { rows: 127, heads: 16 },
  ]) {
    const { fractionBits, scoreBits, indexBits } = keyFormat(rows, heads * (rows + 1), heads);
    expect(scoreBits + indexBits + 1).toBeLessThanOrEqual(21);
    expect(2 ** -fractionBits / heads).toBeLessThanOrEqual(1 / 16);
    expect(2 ** indexBits).toBeGreaterThanOrEqual(rows);
  }
});

it('refuses opened comparisons that are no order', () => {
  // Of the pairs 01, 02, 12: first below second. A circle: 0 below 1, 1 below 2, 2 below 0.
  expect(() => orderOf(3, Uint8Array.of(1, 0, 1))).toThrow(ProtocolError);
  expect([...orderOf(3, Uint8Array.of(1, 1, 1))]).toEqual([2, 1, 0]);
});
