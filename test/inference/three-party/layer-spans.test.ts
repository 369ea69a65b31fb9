/** What a client tells of a layer's time, from what each node says of its own. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layerSpans } from '../../../inference/three-party/layer-costs.js';

const costsOf = (...milliseconds: readonly (readonly number[])[]) =>
  milliseconds.map((node) => node.map((each) => ({ milliseconds: each, sentBytes: 10, messages: 3 })));

const timesOf = (costs: ReturnType<typeof costsOf>): number[] =>
  layerSpans(costs).map(({ cost }) => cost.milliseconds);

it('is until the slowest node is through', () => {
  expect(timesOf(costsOf([5, 1], [2, 6], [4, 3]))).toEqual([5, 3]);
  expect(layerSpans(costsOf([5], [2], [4]))[0]!.cost).toMatchObject({ sentBytes: 30, rounds: 2 });
});

it('adds up to what the slowest node took', () => {
  const node = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(node, node, node, (...nodes) => {
      const times = timesOf(costsOf(...nodes));
      const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      expect(sum(times)).toBe(Math.max(...nodes.map(sum)));
      expect(Math.min(...times)).toBeGreaterThan(0);
    }),
  );
});
