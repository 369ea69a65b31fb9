import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { dataOf } from '../../../inference/backends/local-backend.js';

it('combine is the sum of scaled rows, modulo the ring', () => {
  const mpc = new CleartextBackend();
  const row = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(row, fc.double({ min: -300, max: 300, noNaN: true })), {
        minLength: 1,
        maxLength: 9,
      }),
      fc.integer({ min: 12, max: 64 }),
      (rows, ringBits) => {
        const factors = rows.map(([, factor]) => factor);
        const x = mpc.constant(
          Float64Array.from(rows.flatMap(([values]) => values)),
          [rows.length, 3],
          ringBits,
          0,
        );
        const scaled = factors.map((factor, i) => mpc.scale(mpc.slice(x, 0, i, i + 1), factor, 7));
        const combined = mpc.combine(x, factors, 7);
        expect(combined).toMatchObject({ shape: [3], ringBits, fractionBits: 7 });
        expect(dataOf(combined)).toEqual(dataOf(mpc.sum(mpc.concat(scaled, 0), 0)));
      },
    ),
  );
  expect(() => mpc.combine(mpc.constant(1, [2, 3], 20, 0), [1], 7)).toThrow('expected 2 factors');
});
