import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels } from '#kernels';
import { availableIsas, withIsa } from '../support/isa.js';

const shapes = fc
  .record({ width: fc.integer({ min: 1, max: 5 }), bits: fc.integer({ min: 1, max: 64 }), rows: fc.nat(70) })
  .map(({ width, bits, rows }) => ({ width, bits: width > 1 ? 64 : bits, rows }));

/** Whatever a seed gives. */
function bytes(seed: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  if (length > 0) kernels.prgFill(new Uint8Array(16).fill(seed), 0, out);
  return out;
}

const bitAt = (stream: Uint8Array, i: number): number => ((stream[i >> 3] ?? 0) >> (i % 8)) & 1;

describe.each(availableIsas)('rows selected by a bit, $name', ({ isa }) => {
  it('are shares of the row where the choice is 1, of zeros elsewhere', () => {
    withIsa(isa, () =>
      fc.assert(
        fc.property(shapes, fc.nat(255), ({ width, bits, rows }, seed) => {
          const delta = bytes(seed, 16);
          const sent = bytes(seed + 1, 16 * rows);
          const random = bytes(seed + 2, Math.ceil(rows / 8));
          const corrections = bytes(seed + 3, Math.ceil(rows / 8));
          const received = sent.map((byte, i) => byte ^ (bitAt(random, i >> 4) * delta[i % 16]!));
          const x = new BigUint64Array(bytes(seed + 4, 8 * rows * width).buffer).map((word) =>
            BigInt.asUintN(bits, word),
          );
          const [own, other] = [new BigUint64Array(x.length), new BigUint64Array(x.length)];
          const message = new Uint8Array(Math.ceil((rows * width * bits) / 8));
          const call = { width, bits, tweak: 17, suite: 0 as const };
          kernels.selectedRowsSend({ ...call, delta, blocks: sent, corrections, x, share: own, message });
          kernels.selectedRowsBegin({ ...call, blocks: received, share: other });
          const answer = new BigUint64Array(x.length);
          kernels.ringUnpack(message, bits, answer);
          const sum = own.map((word, i) => {
            const row = Math.floor(i / width);
            const isChosen = bitAt(random, row) !== bitAt(corrections, row);
            return word ^ other[i]! ^ (isChosen ? answer[i]! : 0n);
          });
          const expected = x.map((word, i) => {
            const row = Math.floor(i / width);
            return bitAt(random, row) !== bitAt(corrections, row) ? word : 0n;
          });
          expect(sum).toEqual(expected);
        }),
        { numRuns: 30 },
      ),
    );
  });
});
