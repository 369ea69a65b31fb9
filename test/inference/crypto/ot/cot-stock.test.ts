import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poisonWords } from '../../../../inference/core/words.js';
import { type CotBytes, CotStock, type CotView } from '../../../../inference/crypto/ot/cot-stock.js';

const BLOCK_BYTES = 16;

// What is read after it was given back shows.
beforeAll(() => poisonWords());
afterAll(() => poisonWords(false));

/** The n-th COT's block and choice are made of its number. */
const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Uint32Array(buffer, byteOffset, byteLength / 4);
const choiceOf = (cot: number): number => cot % 251;

function writeFrom(first: number, { blocks, choices }: CotBytes): void {
  const words = wordsOf(blocks);
  for (let i = 0; i < words.length; i += 4) words[i] = first + i / 4;
  for (let i = 0; i < choices.length; i++) choices[i] = choiceOf(first + i);
}

interface Taken {
  readonly first: number;
  readonly count: number;
  readonly view: CotView;
}

function expectNumbers({ first, count, view: { blocks, choices } }: Taken, hasChoices: boolean): void {
  expect(blocks.length).toBe(count * BLOCK_BYTES);
  expect(choices.length).toBe(hasChoices ? count : 0);
  const words = wordsOf(blocks);
  let wrong = 0;
  for (let i = 0; i < count; i++)
    if (words[4 * i] !== first + i || (hasChoices && choices[i] !== choiceOf(first + i))) wrong++;
  expect(wrong).toBe(0);
}

const REFILLS = [40_000, 70_353, 140_000];

/** How many COTs a call takes, whether as a copy, and after how many calls they are done. */
const call = fc.record({
  count: fc.oneof(fc.nat(500), fc.integer({ min: 60_000, max: 66_000 }), fc.nat(200_000)),
  copies: fc.boolean(),
  lasts: fc.nat(3),
});

test.each(REFILLS)(
  'gives the COTs of refills of %i in their order, once each, until they are done',
  (refillCots) => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 12 }), fc.boolean(), (calls, hasChoices) => {
        const stock = new CotStock(refillCots, hasChoices);
        let made = 0;
        let taken = 0;
        let open: (Taken & { until: number })[] = [];
        calls.forEach(({ count, copies, lasts }, i) => {
          while (stock.ready < count) {
            stock.add((refill) => writeFrom(made, refill));
            made += refillCots;
          }
          const view = copies ? { ...stock.copy(count), done: () => {} } : stock.view(count);
          open.push({ first: taken, count, view, until: i + lasts });
          taken += count;
          expect(stock.ready).toBe(made - taken);
          for (const one of open) expectNumbers(one, hasChoices);
          for (const { view, until } of open) if (until === i) view.done();
          open = open.filter(({ until }) => until > i);
        });
      }),
      { numRuns: 8 },
    );
  },
);

test('a refill that fails leaves the stock as it is', () => {
  const stock = new CotStock(1000, true);
  stock.add((refill) => writeFrom(0, refill));
  expect(() =>
    stock.add(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  stock.add((refill) => writeFrom(1000, refill));
  expect(stock.ready).toBe(2000);
  expectNumbers({ first: 0, count: 2000, view: stock.view(2000) }, true);
});

test('shows what calls of a chunk each take where refills were written', () => {
  const refillCots = 70_353;
  const stock = new CotStock(refillCots, false);
  const chunk = 1 << 16;
  const places = new Set<ArrayBufferLike>();
  for (let i = 0; i < 60; i++) {
    while (stock.ready < chunk) stock.add(({ blocks }) => void places.add(blocks.buffer));
    const view = stock.view(chunk);
    // Where a refill was written, and no copy.
    expect(places.has(view.blocks.buffer)).toBe(true);
    view.done();
  }
});
