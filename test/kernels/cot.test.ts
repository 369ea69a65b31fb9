import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const bytes = (count: number, seed: number): Uint8Array => {
  const out = new Uint8Array(count);
  kernels.prgFill(
    Uint8Array.from({ length: 16 }, (_, i) => seed >> (i % 4)),
    0,
    out,
  );
  return out;
};
const words = (count: number, seed: number): BigUint64Array =>
  new BigUint64Array(bytes(8 * count, seed).buffer);

const seeds = fc.integer({ min: 1, max: 1 << 30 });

describe('the COT kernels', () => {
  it('write the same bytes on every instruction set', () =>
    fc.assert(
      fc.property(
        fc.record({ items: fc.integer({ min: 1, max: 40 }), width: fc.integer({ min: 1, max: 40 }) }),
        fc.integer({ min: 2, max: 64 }),
        fc.record({
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          dropped: fc.integer({ min: 0, max: 40 }),
        }),
        seeds,
        ({ items, width }, ringBits, { part, dropped }, seed) => {
          const bits = 1 + Math.floor(part * (ringBits - 1));
          const cots = Math.max(bits, ringBits - 1) * items;
          const [delta, blocks] = [bytes(16, seed), bytes(16 * cots, seed + 1)];
          const [corrections, x] = [bytes(Math.ceil(cots / 8), seed + 2), words(items * width, seed + 3)];
          const top = words(items * width, seed + 4);
          const run = () => {
            const message = new Uint8Array(
              kernels.cotProductMessageBytes({ items, bits, ringBits, width, signed: true, dropped }),
            );
            const share = new BigUint64Array(items * width);
            const used = items * bits;
            const flips = corrections.subarray(0, Math.ceil(used / 8));
            const own = blocks.subarray(0, 16 * used);
            kernels.cotProductSend({
              delta,
              blocks: own,
              tweak: 5,
              corrections: flips,
              x,
              top,
              bits,
              ringBits,
              width,
              signed: true,
              dropped,
              share,
              message,
            });
            const compared = new Uint8Array(kernels.comparisonMessageBytes(items, ringBits));
            const carry = new BigUint64Array(items);
            const all = items * (ringBits - 1);
            kernels.comparisonSend({
              delta,
              blocks: blocks.subarray(0, 16 * all),
              tweak: 5,
              corrections: corrections.subarray(0, Math.ceil(all / 8)),
              x: x.subarray(0, items),
              ringBits,
              share: carry,
              message: compared,
              pad: 0,
            });
            return { message, share, compared, carry };
          };
          const [reference, ...others] = availableIsas.map(({ isa }) => withIsa(isa, run));
          for (const other of others) expect(other).toEqual(reference);
        },
      ),
      { numRuns: 60 },
    ));

  it("multiply the receiver's own share bit by bit, rounded with halves down below what counts", () =>
    fc.assert(
      fc.property(
        fc.record({ items: fc.integer({ min: 1, max: 20 }), width: fc.integer({ min: 1, max: 9 }) }),
        fc.integer({ min: 2, max: 64 }),
        fc.record({
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          dropped: fc.integer({ min: 0, max: 40 }),
          signed: fc.boolean(),
        }),
        seeds,
        ({ items, width }, ringBits, { part, dropped, signed }, seed) => {
          const bits = 1 + Math.floor(part * (ringBits - 1));
          const plan = { bits, ringBits, width, signed, dropped };
          const reduced = (word: bigint, to: number) => BigInt.asUintN(to, word);
          const y = words(items, seed).map((word) => reduced(word, bits));
          const x = words(items * width, seed + 1).map((word) => reduced(word, ringBits));
          // floor((x + 2^(c - 1) - 1) / 2^c) · 2^c: to nearest, halves down
          const coarse = (word: bigint, bit: number): bigint => {
            const c = bit + 1 < bits ? BigInt(Math.min(dropped - 3 - bit, ringBits - bit - 1)) : 0n;
            return c > 0n ? ((word + (1n << (c - 1n)) - 1n) >> c) << c : word;
          };
          const expected = x.map((word, at) => {
            let sum = 0n;
            for (let bit = 0; bit < bits; bit++) {
              const chosen = (y[Math.floor(at / width)]! >> BigInt(bit)) & 1n;
              const weight = signed && bit + 1 === bits ? -(1n << BigInt(bit)) : 1n << BigInt(bit);
              sum += chosen * weight * coarse(word, bit);
            }
            return reduced(sum, ringBits);
          });
          for (const { isa } of availableIsas) {
            const product = new BigUint64Array(x.length);
            withIsa(isa, () => kernels.cotProductOwn({ ...plan, y, x, product }));
            expect(product).toEqual(expected);
          }
        },
      ),
      { numRuns: 200 },
    ));

  it('answer comparisons from tables as from COTs, whatever the corrections, on every instruction set', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 2, max: 33 }),
        seeds,
        (items, ringBits, seed) => {
          const bits = ringBits - 1;
          const cots = items * bits;
          const [delta, blocks] = [
            bytes(16, seed).map((byte, i) => (i === 0 ? byte | 1 : byte)),
            bytes(16 * cots, seed + 1),
          ];
          const choices = bytes(cots, seed + 2).map((byte) => byte & 1);
          const received = blocks.map((byte, at) => byte ^ (choices[at >> 4]! * delta[at & 15]!));
          const [a, b] = [words(items, seed + 3), words(items, seed + 4)];
          // The receiver's random digits are those that its choices stand for.
          const r = new BigUint64Array(items).map((_, i) => {
            let word = 0n;
            for (let t = 0; t < bits; t++) word |= BigInt(1 - choices[i * bits + t]!) << BigInt(t);
            return word;
          });
          const none = new Uint8Array(Math.ceil(cots / 8));
          const pads = new BigUint64Array(items * kernels.comparisonPadWords(ringBits));
          kernels.comparisonBegin({
            blocks: received,
            tweak: 5,
            random: choices,
            x: r,
            ringBits,
            pads,
            corrections: none,
            pad: 3,
          });
          expect(none.every((byte) => byte === 0)).toBe(true);
          const corrections = new Uint8Array(none.length);
          kernels.ringPack(
            b.map((word, i) => (word ^ r[i]!) & ((1n << BigInt(bits)) - 1n)),
            bits,
            corrections,
          );
          const run = () => {
            const tables = new BigUint64Array(items * kernels.comparisonTableWords(ringBits));
            kernels.comparisonTables({ delta, blocks, tweak: 5, ringBits, tables, pad: 3 });
            const message = new Uint8Array(kernels.comparisonMessageBytes(items, ringBits));
            const share = new BigUint64Array(items);
            kernels.comparisonAnswer({ tables, corrections, x: a, ringBits, share, message });
            return { tables, message, share };
          };
          const [reference, ...others] = availableIsas.map(({ isa }) => withIsa(isa, run));
          for (const other of others) expect(other).toEqual(reference);

          const own = new BigUint64Array(items);
          kernels.comparisonFinish({ x: b, message: reference!.message, ringBits, pads, share: own });
          const digits = kernels.comparisonDigits(ringBits);
          own.forEach((word, i) => {
            const sum = BigInt.asIntN(digits, word + reference!.share[i]!);
            const low = (value: bigint) => BigInt.asUintN(bits, value);
            expect(sum < 0n).toBe(low(a[i]!) + low(b[i]!) >= 1n << BigInt(bits));
          });
        },
      ),
      { numRuns: 60 },
    ));

  it('multiply by what the COTs chose where nothing is corrected, on every instruction set', () =>
    fc.assert(
      fc.property(
        fc.record({
          items: fc.integer({ min: 1, max: 20 }),
          width: fc.integer({ min: 1, max: 12 }),
          ringBits: fc.integer({ min: 1, max: 64 }),
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          signed: fc.boolean(),
        }),
        seeds,
        ({ items, width, ringBits, part, signed }, seed) => {
          const bits = 1 + Math.floor(part * (ringBits - 1));
          const plan = { items, bits, ringBits, width, signed };
          const cots = items * bits;
          const [delta, blocks] = [bytes(16, seed), bytes(16 * cots, seed + 1)];
          const choices = bytes(cots, seed + 2).map((byte) => byte & 1);
          const received = blocks.map((byte, at) => byte ^ (choices[at >> 4]! * delta[at & 15]!));
          const [x, top] = [words(items * width, seed + 3), words(items * width, seed + 4)];
          const run = () => {
            const y = words(items, seed + 5);
            const [sent, share] = [new BigUint64Array(items * width), new BigUint64Array(items * width)];
            const message = new Uint8Array(kernels.cotProductMessageBytes(plan));
            const none = new Uint8Array(0);
            kernels.cotProductBegin({
              ...plan,
              blocks: received,
              tweak: 9,
              random: choices,
              y,
              share,
              corrections: none,
            });
            const corrections = new Uint8Array(Math.ceil(cots / 8));
            kernels.cotProductSend({
              ...plan,
              delta,
              blocks,
              tweak: 9,
              corrections,
              x,
              top,
              share: sent,
              message,
            });
            kernels.cotProductFinish({ ...plan, y, message, share });
            return { y, sum: share.map((word, i) => BigInt.asUintN(ringBits, word + sent[i]!)) };
          };
          // Bit b of item i lies bit by bit in one column, and item by item in rows.
          const choice = (i: number, b: number) => choices[width === 1 ? b * items + i : i * bits + b]!;
          const [y, sum] = [new BigUint64Array(items), new BigUint64Array(items * width)];
          for (let i = 0; i < items; i++) {
            for (let b = 0; b < bits; b++) {
              const isTop = b === bits - 1;
              const weight = BigInt(choice(i, b)) << BigInt(b);
              y[i] = y[i]! | weight;
              for (let at = i * width; at < (i + 1) * width; at++)
                sum[at] = sum[at]! + (isTop && signed ? -weight : weight) * (isTop ? top : x)[at]!;
            }
          }
          const expected = { y, sum: sum.map((word) => BigInt.asUintN(ringBits, word)) };
          for (const { isa } of availableIsas) expect(withIsa(isa, run)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    ));

  it('pack choice corrections plane by plane', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 64 }),
        seeds,
        (count, bits, seed) => {
          const values = words(count, seed);
          const random = bytes(count * bits, seed + 1).map((byte) => byte & 1);
          const cots = count * bits;
          const packed = new Uint8Array(Math.ceil(cots / 8));
          const share = new BigUint64Array(count);
          kernels.cotProductBegin({
            blocks: bytes(16 * cots, seed),
            tweak: 0,
            random,
            y: values,
            bits,
            ringBits: bits,
            width: 1,
            signed: false,
            share,
            corrections: packed,
          });
          const expected = new Uint8Array(packed.length);
          random.forEach((flip, c) => {
            const bit = Number((values[c % count]! >> BigInt(Math.floor(c / count))) & 1n);
            expected[c >> 3]! |= (bit ^ flip) << (c & 7);
          });
          expect(packed).toEqual(expected);
        },
      ),
    ));

  it('refuse what does not fit', () => {
    const [delta, share, x] = [new Uint8Array(16), new BigUint64Array(2), new BigUint64Array(2)];
    const send = (blocks: Uint8Array, message: number, ringBits = 3) =>
      kernels.comparisonSend({
        delta,
        blocks,
        tweak: 0,
        corrections: new Uint8Array(1),
        x,
        ringBits,
        share,
        message: new Uint8Array(message),
        pad: 0,
      });
    expect(() => send(new Uint8Array(64), 1)).not.toThrow();
    expect(() => send(new Uint8Array(63), 1)).toThrow(RangeError);
    expect(() => send(new Uint8Array(64), 2)).toThrow(RangeError);
    expect(() => send(new Uint8Array(64), 1, 1)).toThrow(RangeError);
    expect(() => send(x as unknown as Uint8Array, 1)).toThrow(TypeError);
    expect(() =>
      kernels.cotProductMessageBytes({ items: 1, bits: 9, ringBits: 8, width: 1, signed: false }),
    ).toThrow(RangeError);
  });
});
