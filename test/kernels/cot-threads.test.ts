/** The COT kernels on arrays that are cut into parts for threads: parts change nothing, nor do threads. */
import { afterEach, describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const ITEMS = 20_003;
/** Of which no kernel makes parts. */
const FEW = 320;

const bytes = (count: number, seed: number): Uint8Array => {
  const out = new Uint8Array(count);
  kernels.prgFill(new Uint8Array(16).fill(seed), 0, out);
  return out;
};
const words = (count: number, seed: number): BigUint64Array =>
  new BigUint64Array(bytes(8 * count, seed).buffer);
const bits = (count: number, seed: number): Uint8Array => bytes(count, seed).map((byte) => byte & 1);
const hex = (...arrays: readonly (Uint8Array | BigUint64Array)[]): string =>
  arrays.map(({ buffer }) => Buffer.from(buffer).toString('hex')).join();

const delta = bytes(16, 1).map((byte, i) => (i === 0 ? byte | 1 : byte));

/** Of a receiver whose random bits are `random`. */
const received = (blocks: Uint8Array, random: Uint8Array): Uint8Array =>
  blocks.map((byte, at) => byte ^ (random[at >> 4]! * delta[at & 15]!));

/** The same with one, two and five threads, on every instruction set. */
function whateverThreads(run: () => string[]): string[] {
  const all = availableIsas.flatMap(({ isa }) =>
    [1, 2, 5].map((threads) => {
      kernels.setFloatThreads(threads);
      return withIsa(isa, run);
    }),
  );
  for (const other of all) expect(other.join() === all[0]!.join()).toBe(true);
  return all[0]!;
}

/** `run` for all items, and for few at a time; both give arrays that hold the items one behind the other. */
function expectParts(run: (begin: number, end: number) => string[]): void {
  const whole = whateverThreads(() => run(0, ITEMS));
  const slices = Array.from({ length: Math.ceil(ITEMS / FEW) }, (_, i) =>
    run(i * FEW, Math.min(ITEMS, (i + 1) * FEW)),
  );
  for (const [which, array] of whole.entries())
    expect(slices.map((slice) => slice[which]).join('') === array).toBe(true);
}

describe('COT kernels of many items', () => {
  const threads = kernels.floatThreads();
  afterEach(() => kernels.setFloatThreads(threads));

  it('compare', () => {
    const ringBits = 12;
    const cots = ringBits - 1;
    const [blocks, random] = [bytes(16 * cots * ITEMS, 2), bits(cots * ITEMS, 3)];
    const [x, flips] = [words(ITEMS, 4), bytes(Math.ceil((cots * ITEMS) / 8), 5)];
    expectParts((begin, end) => {
      const count = end - begin;
      const own = {
        blocks: blocks.subarray(16 * cots * begin, 16 * cots * end),
        tweak: 7 + cots * begin,
        ringBits,
        pad: 2,
        x: x.subarray(begin, end),
      };
      const corrections = flips.subarray((cots * begin) / 8, Math.ceil((cots * end) / 8));
      const [share, answered, finished] = [1, 2, 3].map(() => new BigUint64Array(count)) as [
        BigUint64Array,
        BigUint64Array,
        BigUint64Array,
      ];
      const [message, answer] = [1, 2].map(
        () => new Uint8Array(kernels.comparisonMessageBytes(count, ringBits)),
      ) as [Uint8Array, Uint8Array];
      const pads = new BigUint64Array(count * kernels.comparisonPadWords(ringBits));
      const tables = new BigUint64Array(count * kernels.comparisonTableWords(ringBits));
      kernels.comparisonSend({ ...own, delta, corrections, share, message });
      const corrected = new Uint8Array(corrections.length);
      const chosen = random.subarray(cots * begin, cots * end);
      kernels.comparisonBegin({ ...own, random: chosen, pads, corrections: corrected });
      kernels.comparisonTables({ ...own, delta, tables });
      kernels.comparisonAnswer({ ...own, tables, corrections, share: answered, message: answer });
      kernels.comparisonFinish({ ...own, message, pads, share: finished });
      return [share, message, pads, tables, answered, answer, finished].map((array) => hex(array));
    });
  });

  it('look up', () => {
    const [indexBits, ringBits] = [3, 13];
    const [blocks, flips] = [bytes(16 * indexBits * ITEMS, 2), bytes(Math.ceil((indexBits * ITEMS) / 8), 5)];
    const [x, table, random] = [words(ITEMS, 4), words(32, 6), bits(indexBits * ITEMS, 3)];
    expectParts((begin, end) => {
      const count = end - begin;
      const own = {
        blocks: blocks.subarray(16 * indexBits * begin, 16 * indexBits * end),
        tweak: 7 + indexBits * begin,
        indexBits,
        ringBits,
        x: x.subarray(begin, end),
      };
      const corrections = flips.subarray((indexBits * begin) / 8, Math.ceil((indexBits * end) / 8));
      const [share, pads] = [new BigUint64Array(count), new BigUint64Array(count)];
      const message = new Uint8Array(kernels.lookUpMessageBytes({ items: count, indexBits, ringBits }));
      kernels.lookUpSend({ ...own, delta, corrections, table, share, message });
      const corrected = new Uint8Array(corrections.length);
      const chosen = random.subarray(indexBits * begin, indexBits * end);
      kernels.lookUpBegin({ ...own, random: chosen, share: pads, corrections: corrected });
      return [share, message, pads].map((array) => hex(array));
    });
  });

  it('select rows', () => {
    const plan = { width: 7, bits: 64, numberBits: 9 };
    const blocks = bytes(16 * ITEMS, 2);
    const [x, y] = [words(7 * ITEMS, 4), words(ITEMS, 5)];
    expectParts((begin, end) => {
      const count = end - begin;
      const own = { ...plan, blocks: blocks.subarray(16 * begin, 16 * end), tweak: 7 + begin };
      const [sent, numbers] = [new BigUint64Array(7 * count), new BigUint64Array(count)];
      const [pads, padNumbers] = [new BigUint64Array(7 * count), new BigUint64Array(count)];
      const message = new Uint8Array(56 * count + Math.ceil((9 * count) / 8));
      const given = { x: x.subarray(7 * begin, 7 * end), y: y.subarray(begin, end) };
      kernels.selectedRowsSend({ ...own, ...given, delta, share: sent, numbers, message });
      kernels.selectedRowsBegin({ ...own, share: pads, numbers: padNumbers });
      const parts = [message.slice(0, 56 * count), message.slice(56 * count)];
      return [sent, numbers, ...parts, pads, padNumbers].map((array) => hex(array));
    });
  });

  it.each([1, 3])('multiply rows of %i', (width) => {
    const [items, multiplierBits, ringBits] = [8_003, 9, 14];
    const cots = multiplierBits * items;
    const shape = { bits: multiplierBits, ringBits, width, signed: false };
    const [blocks, random] = [bytes(16 * cots, 2), bits(cots, 3)];
    const own = received(blocks, random);
    const x = words(width * items, 4);
    const given = words(items, 5).map((word) => word & 511n);
    for (const isCorrected of [true, false]) {
      const [mine, theirs] = [new BigUint64Array(x.length), new BigUint64Array(x.length)];
      const y = new BigUint64Array(items);
      whateverThreads(() => {
        y.set(given);
        const corrections = new Uint8Array(Math.ceil(cots / 8));
        const corrected = isCorrected ? corrections : new Uint8Array(0);
        const begun = { ...shape, random, y, share: theirs, corrections: corrected };
        kernels.cotProductBegin({ ...begun, blocks: own, tweak: 7 });
        const message = new Uint8Array(kernels.cotProductMessageBytes({ ...shape, items }));
        const sent = { ...shape, corrections, x, top: x, share: mine, message };
        kernels.cotProductSend({ ...sent, delta, blocks, tweak: 7 });
        kernels.cotProductFinish({ ...shape, y, message, share: theirs });
        return [hex(y, mine, theirs)];
      });
      if (isCorrected) expect(y).toEqual(given);
      const isProduct = (value: bigint, i: number): boolean =>
        BigInt.asUintN(ringBits, mine[i]! + theirs[i]! - value * y[Math.floor(i / width)]!) === 0n;
      expect(x.every(isProduct)).toBe(true);
    }
  });
});
