import fc from 'fast-check';
import { expect, it } from 'vitest';
import { kernels } from '#kernels';

const plans = fc.record({
  width: fc.nat(4),
  rows: fc.nat(5),
  fromBegin: fc.nat(3),
  toBegin: fc.nat(3),
  fromGap: fc.nat(3),
  toGap: fc.nat(3),
});

it('rows go from one place to another, words and bytes alike', () => {
  fc.assert(
    fc.property(plans, fc.boolean(), ({ width, rows, fromBegin, toBegin, fromGap, toGap }, asWords) => {
      const [fromStride, toStride] = [width + fromGap, width + toGap];
      const values = Array.from({ length: fromBegin + rows * fromStride }, (_, i) => i + 1);
      const expected = new Array<number>(toBegin + rows * toStride).fill(0);
      for (let row = 0; row < rows; row++)
        for (let e = 0; e < width; e++)
          expected[toBegin + row * toStride + e] = values[fromBegin + row * fromStride + e]!;
      const plan = { width, rows, fromBegin, toBegin, fromStride, toStride };
      const to = asWords ? new BigUint64Array(expected.length) : new Uint8Array(expected.length);
      const from = asWords ? BigUint64Array.from(values, BigInt) : Uint8Array.from(values);
      kernels.copyRows<BigUint64Array | Uint8Array>({ ...plan, from, to });
      expect(Array.from(to, Number)).toEqual(expected);
    }),
  );
});

it('rows outside of their arrays, or over each other, are refused', () => {
  const plan = {
    from: new Uint8Array(10),
    fromBegin: 0,
    fromStride: 3,
    toBegin: 0,
    toStride: 3,
    width: 3,
    rows: 3,
  };
  kernels.copyRows({ ...plan, to: new Uint8Array(9) });
  expect(() => kernels.copyRows({ ...plan, to: new Uint8Array(8) })).toThrow('rows inside the array');
  expect(() => kernels.copyRows({ ...plan, fromBegin: 2, to: new Uint8Array(9) })).toThrow(RangeError);
  expect(() => kernels.copyRows({ ...plan, toStride: 2, to: new Uint8Array(9) })).toThrow('do not overlap');
});
