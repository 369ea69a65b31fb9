/** Long tables of 1/x and 1/√x: entries fit the bits that are said before any of them is made, and are lines close to the function. */
import { expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import type { LineTable } from '../../../inference/core/line-table.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';
import { inverseSqrt, reciprocal } from '../../../inference/functions/inverse-power.js';

type Run = typeof reciprocal;

const FORMAT = { ringBits: 34, fractionBits: 14 };

/** What a function would read. */
async function tableOf(run: Run, low: number, high: number, numerator: number): Promise<LineTable> {
  const x: SharedTensor = { kind: 'arithmetic', shape: [1], ...FORMAT };
  const tables: LineTable[] = [];
  const lines: Backend['lines'] = async (_x, table) => {
    tables.push(table);
    return x;
  };
  const plan = { low, high, numerator, out: { ringBits: 22, fractionBits: 12 } };
  await run({ lines } as unknown as Backend, x, plan);
  expect(tables).toHaveLength(1);
  return tables[0]!;
}

it.each([
  ['1/x', reciprocal, (x: number) => 1 / x],
  ['1/√x', inverseSqrt, (x: number) => 1 / Math.sqrt(x)],
] as const)('%s', async (_name, run, exact) => {
  for (const [low, high, numerator] of [
    [1, 130, 1],
    [0.25, 8, 3],
    [0.7, 1.5, 0.125],
    [3.9, 16, 1],
  ] as const) {
    const { index, line, offset, entries } = await tableOf(run, low, high, numerator);
    const { slope } = line!;
    const all = entries();
    expect(all).toHaveLength(2 ** index.ringBits);
    expect(entries()).toBe(all);
    let largest = 0n;
    for (const [i, entry] of all.entries()) {
      if (entry > largest) largest = entry;
      const a = Number(entry >> BigInt(slope.ringBits)) / 2 ** offset.fractionBits;
      const b = Number(BigInt.asUintN(slope.ringBits, entry)) / 2 ** slope.fractionBits;
      const x = (i + 0.5) / 2 ** index.fractionBits;
      if (x < low || x > high) continue;
      expect(Math.abs(a - b * x - numerator * exact(x))).toBeLessThan(
        numerator * exact(x) * 0.004 + 2 ** -offset.fractionBits,
      );
    }
    expect(largest < 1n << BigInt(slope.ringBits + offset.ringBits)).toBe(true);
    // No bit of an offset is spare, so none was said to be needed that is not.
    expect(largest >= 1n << BigInt(slope.ringBits + offset.ringBits - 1)).toBe(true);
  }
});
