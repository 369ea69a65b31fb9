/** Products of which the caller says what it cuts them to: every backend gives the same numbers, in that format or before. */
import { expect, it } from 'vitest';
import type { Backend } from '../../inference/backends/backend.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import { shrink } from '../../inference/functions/fixed-point.js';
import { type Party, type Plain, privateOf, shareOf, signed, TestData } from './parties.js';

type ExpectValues = (
  body: (party: Party) => Promise<SharedTensor>,
  expected: readonly bigint[],
  tolerance?: bigint,
) => Promise<void>;

/** Of ten numbers with 4 fraction bits each, whose products below 2^16 have 8. */
const COUNT = 10;
const WHOLE = { ringBits: 30, fractionBits: 8 };
/** As it is, without low bits, without top bits, without both, in fewer bits than a factor has, with more fraction bits. */
const CUTS: readonly RingFormat[] = [
  WHOLE,
  { ringBits: 25, fractionBits: 3 },
  { ringBits: 20, fractionBits: 8 },
  { ringBits: 15, fractionBits: 5 },
  { ringBits: 9, fractionBits: 1 },
  { ringBits: 21, fractionBits: 9 },
];

export function cutContract(expectValues: ExpectValues, tolerance: bigint): void {
  it.each(CUTS)('cuts products to $ringBits bits, $fractionBits of a fraction', async (into) => {
    const data = new TestData(3);
    const [x, y, small] = [
      data.plain([COUNT], WHOLE.ringBits, 4, 8),
      data.plain([COUNT], WHOLE.ringBits, 4, 8),
      data.plain([COUNT], 16, 4, 8),
    ];
    const cut = (value: bigint): bigint => {
      const dropped = WHOLE.fractionBits - into.fractionBits;
      return signed(dropped < 0 ? value << BigInt(-dropped) : value >> BigInt(dropped), into.ringBits);
    };
    const check = (
      product: (mpc: Backend, party: Party) => Promise<SharedTensor>,
      expected: (i: number) => bigint,
    ) =>
      expectValues(
        async (party) => shrink(party.mpc, await product(party.mpc, party), into),
        Array.from({ length: COUNT }, (_, i) => cut(expected(i))),
        into.fractionBits < WHOLE.fractionBits ? tolerance : 0n,
      );
    const both = (party: Party, other: Plain) =>
      Promise.all([shareOf(party, 'client', x), shareOf(party, 'server', other)]);
    for (const other of [y, small])
      await check(
        async (mpc, party) => {
          const [a, b] = await both(party, other);
          return mpc.multiply(a, b, 'signed', undefined, into);
        },
        (i) => x.values[i]! * other.values[i]!,
      );
    for (const factor of [x, small])
      await check(
        async (mpc, party) =>
          mpc.square(await shareOf(party, 'client', factor), WHOLE.ringBits, 'signed', into),
        (i) => factor.values[i]! ** 2n,
      );
    await check(
      async (mpc, party) =>
        mpc.multiplyPrivate(await shareOf(party, 'client', x), privateOf(party, 'server', y), into),
      (i) => x.values[i]! * y.values[i]!,
    );
    await check(
      async (mpc, party) => {
        const [a, b] = await both(party, y);
        const product = await mpc.matmul(mpc.reshape(a, [COUNT, 1, 1]), mpc.reshape(b, [COUNT, 1, 1]), into);
        return mpc.reshape(product, [COUNT]);
      },
      (i) => x.values[i]! * y.values[i]!,
    );
    const bias = Float64Array.of(1.5);
    await check(
      async (mpc, party) => {
        const server = party.knows('server');
        const weight = await mpc.prepare({
          name: `cut to ${into.ringBits} ${into.fractionBits}`,
          inputs: 1,
          outputs: 1,
          weightBits: 8,
          normBits: 8,
          fractionBits: 4,
          matrix: server ? Int16Array.of(-77) : null,
          bias: server ? bias : null,
        });
        const rows = mpc.reshape(await shareOf(party, 'client', x), [COUNT, 1]);
        const product = await mpc.linear(rows, weight, into);
        expect(product.shape).toEqual([COUNT, 1]);
        return mpc.reshape(product, [COUNT]);
      },
      (i) => x.values[i]! * -77n + BigInt(bias[0]! * 2 ** WHOLE.fractionBits),
    );
  });
}
