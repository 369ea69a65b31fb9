/** Comparisons of many numbers, which take small digits, beside few, which take large ones (carry.ts). */
import { describe, expect, it } from 'vitest';
import { carryPlan } from '../../../inference/backends/three-party/carry.js';
import { privateTensor } from '../../../inference/core/ring-tensor.js';
import { DealtBackend, threeNodes } from '../../support/three-nodes.js';

const MANY = 40_000;

/** Signs of numbers in a ring, opened at every node, and the longest chain of messages of the comparison alone. */
async function signs(values: Float64Array, ringBits: number) {
  const { nodes, traffic } = threeNodes(7);
  const format = { ringBits, fractionBits: 0 };
  const opened = await Promise.all(
    nodes.map(async ({ node }) => {
      const mpc = new DealtBackend(node, 7);
      const x = await mpc.share(privateTensor('client', [values.length], format, values));
      return mpc.revealBits(await mpc.isNegative(x), 'all', 'kept-token-count');
    }),
  );
  // But for the message that deals and the one that opens.
  return { opened, flights: traffic.flights - 2 };
}

/** Also the ends of the ring and what lies around 0. */
function numbers(count: number, ringBits: number): Float64Array {
  const half = 2 ** (ringBits - 1);
  const ends = [0, -1, 1, half - 1, -half, 1 - half];
  let state = 1;
  return Float64Array.from({ length: count }, (_, i) => {
    state = (state * 48271) % 2147483647;
    return ends[i] ?? Math.floor((state / 2147483647) * 2 * half) - half;
  });
}

describe('three parties compare', () => {
  it.each([
    [2, 1],
    [5, 1],
    [9, 2],
    [13, 2],
    [14, 3],
    [21, 3],
    [29, 3],
    [37, 4],
  ])('many numbers of %i bits by digits of four bits, in %i messages', async (bits, messages) => {
    const values = numbers(MANY, bits);
    const { opened, flights } = await signs(values, bits);
    const expected = Uint8Array.from(values, (value) => (value < 0 ? 1 : 0));
    for (const got of opened) expect(got).toEqual(expected);
    expect(carryPlan(MANY, bits - 1).stages.length).toBe(flights);
    expect(flights).toBe(messages);
  });

  it.each([
    [9, 1],
    [17, 2],
    [25, 2],
    [37, 3],
  ])('few numbers of %i bits by digits of eight, in %i messages', async (bits, messages) => {
    const values = numbers(100, bits);
    const { opened, flights } = await signs(values, bits);
    for (const got of opened) expect(got).toEqual(Uint8Array.from(values, (value) => (value < 0 ? 1 : 0)));
    expect(flights).toBe(messages);
  });
});
