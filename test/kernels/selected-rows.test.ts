import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const shapes = fc
  .record({
    width: fc.integer({ min: 1, max: 5 }),
    bits: fc.integer({ min: 1, max: 64 }),
    numberBits: fc.nat(64),
    rows: fc.nat(70),
  })
  .map(({ width, bits, ...rest }) => ({ width, bits: width > 1 ? 64 : bits, ...rest }));

/** Whatever a seed gives. */
function bytes(seed: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  if (length > 0) kernels.prgFill(new Uint8Array(16).fill(seed), 0, out);
  return out;
}

const wordsOf = (seed: number, length: number, bits: number): BigUint64Array =>
  new BigUint64Array(bytes(seed, 8 * length).buffer).map((word) => BigInt.asUintN(bits, word));

function unpacked(stream: Uint8Array, bits: number, length: number): BigUint64Array {
  const out = new BigUint64Array(length);
  if (length > 0) kernels.ringUnpack(stream, bits, out);
  return out;
}

const bitAt = (stream: Uint8Array, i: number): number => ((stream[i >> 3] ?? 0) >> (i % 8)) & 1;

describe.each(availableIsas)('rows and numbers selected by a bit, $name', ({ isa }) => {
  it('are shares of what the bit selects where it is 1, of zeros elsewhere', () => {
    withIsa(isa, () =>
      fc.assert(
        fc.property(shapes, fc.nat(255), ({ width, bits, numberBits, rows }, seed) => {
          const delta = bytes(seed, 16);
          const sent = bytes(seed + 1, 16 * rows);
          const random = bytes(seed + 2, Math.ceil(rows / 8));
          const received = sent.map((byte, i) => byte ^ (bitAt(random, i >> 4) * delta[i % 16]!));
          const x = wordsOf(seed + 4, rows * width, bits);
          const y = wordsOf(seed + 5, numberBits > 0 ? rows : 0, numberBits);
          const shares = () => ({
            share: new BigUint64Array(x.length),
            numbers: new BigUint64Array(y.length),
          });
          const [own, other] = [shares(), shares()];
          const rowBytes = Math.ceil((rows * width * bits) / 8);
          const message = new Uint8Array(rowBytes + Math.ceil((rows * numberBits) / 8));
          const call = { width, bits, numberBits, tweak: 17, suite: 0 as const };
          kernels.selectedRowsSend({ ...call, delta, blocks: sent, x, y, ...own, message });
          kernels.selectedRowsBegin({ ...call, blocks: received, ...other });
          const answer = unpacked(message.subarray(0, rowBytes), bits, x.length);
          const isChosen = (row: number) => bitAt(random, row) === 1;
          const selects = (word: number) => isChosen(Math.floor(word / width));
          expect(own.share.map((word, i) => word ^ other.share[i]! ^ (selects(i) ? answer[i]! : 0n))).toEqual(
            x.map((word, i) => (selects(i) ? word : 0n)),
          );
          const added = unpacked(message.subarray(rowBytes), numberBits, y.length);
          expect(
            own.numbers.map((word, i) =>
              BigInt.asUintN(numberBits, word + other.numbers[i]! + (isChosen(i) ? added[i]! : 0n)),
            ),
          ).toEqual(y.map((word, i) => (isChosen(i) ? word : 0n)));
        }),
        { numRuns: 30 },
      ),
    );
  });
});
