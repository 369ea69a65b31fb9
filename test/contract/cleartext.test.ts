import { expect, it } from 'vitest';
import { CleartextBackend, type Overflow } from '../../inference/backends/cleartext/cleartext-backend.js';
import { encode } from '../../inference/core/ring-tensor.js';
import { contractSuite } from './suite.js';

contractSuite('cleartext', async () => {
  const mpc = new CleartextBackend();
  return {
    run: async (body) => [await body({ mpc, knows: () => true })],
    close: async () => {},
  };
});

it('the cleartext backend rounds to nearest and reports what does not fit', async () => {
  const overflows: Overflow[] = [];
  const leaks: string[] = [];
  const mpc = new CleartextBackend({
    onOverflow: (overflow) => overflows.push(overflow),
    recordLeak: (name, to) => leaks.push(`${name} to ${to}`),
  });
  const value = encode(Float64Array.of(1.5, -1.5, 7), [3], { ringBits: 10, fractionBits: 4 });
  const x = await mpc.share({ kind: 'private', owner: 'client', ...value, value });
  const half = await mpc.reveal(mpc.truncateReduce(x, 4), 'client', 'logits');
  expect(Array.from(half.data, (v) => BigInt.asIntN(6, v))).toEqual([2n, -1n, 7n]);
  expect(leaks).toEqual(['logits to client']);

  mpc.narrow(x, 8);
  await mpc.widen(x, 20);
  expect(overflows).toEqual([]);
  mpc.narrow(x, 7);
  await mpc.widen(mpc.narrow(x, 8), 20);
  expect(overflows).toEqual([
    { operation: 'narrow', limit: 4, largest: 7.03125 },
    { operation: 'widen', limit: 4, largest: 7.03125 },
  ]);
});
