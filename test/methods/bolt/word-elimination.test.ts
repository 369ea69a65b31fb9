/** BOLT's word elimination privately, as its plain form for training says it, ties and padding included. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { decode, privateTensor } from '../../../inference/core/ring-tensor.js';
import { eliminateWords, wordsThatStay } from '../../../methods/bolt/word-elimination.js';

/** Scores of real tokens, in a text of `padded` rows → the rows that stay, by their places. */
async function privately(scores: readonly number[], padded: number): Promise<number[]> {
  const mpc = new CleartextBackend();
  const share = (values: readonly number[], ringBits: number) =>
    mpc.share(privateTensor('client', [padded], { ringBits, fractionBits: 0 }, Float64Array.from(values)));
  const padding = new Array<number>(padded - scores.length).fill(-1000);
  const places = Array.from({ length: padded }, (_, i) => i);
  const { rows, kept } = await eliminateWords(mpc, {
    scores: await share([...scores, ...padding], 18),
    largest: 64,
    thresholds: null,
    tensors: async () => [await share(places, 10)],
  });
  expect(kept).toBe(Math.ceil(padded / 2));
  return [...decode((await mpc.reveal(rows[0]!, 'client', 'logits'))!)];
}

const texts = fc.integer({ min: 1, max: 5 }).chain((log) => {
  const padded = 2 ** log;
  // Few values, so that many are equal.
  const scores = fc.array(fc.integer({ min: -8, max: 0 }), { minLength: 1, maxLength: padded });
  return fc.record({ padded: fc.constant(padded), scores });
});

it('keeps [CLS] and the best, in order; of too many equal ones the first', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async ({ padded, scores }) => {
      const stays = wordsThatStay(scores, padded);
      const expected = stays.flatMap((isKept, place) => (isKept ? [place] : []));
      const rows = await privately(scores, padded);
      expect(rows.filter((place) => place < scores.length)).toEqual(expected);
      expect(expected.length).toBe(Math.min(scores.length, Math.ceil(padded / 2)));
    }),
    { numRuns: 60 },
  );
});
