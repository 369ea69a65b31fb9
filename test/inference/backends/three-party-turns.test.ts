/** Tasks side by side among three nodes: as many messages as the longest of them. */
import { expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { privateTensor } from '../../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';
import { DealtBackend, threeNodes } from '../../support/three-nodes.js';

const FORMAT = { ringBits: 20, fractionBits: 0 };
const VALUES = Float64Array.of(3, -4, 5, -6);

type Job = (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>;
/** One message, three, and five. */
const JOBS: readonly Job[] = [
  (mpc, x) => mpc.square(x),
  async (mpc, x) => mpc.multiplex(await mpc.isNegative(x), x),
  async (mpc, x) => {
    const absolute = mpc.subtract(x, mpc.scale(await mpc.multiplex(await mpc.isNegative(x), x), 2, 0));
    return mpc.multiply(await mpc.multiply(absolute, absolute), x);
  },
];
const EXPECTED = [
  [9, 16, 25, 36],
  [0, -4, 0, -6],
  [27, -64, 125, -216],
];

async function run(runJobs: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor[]>) {
  const { nodes, traffic } = threeNodes(11);
  const opened = await Promise.all(
    nodes.map(async ({ node }) => {
      const mpc = new DealtBackend(node, 11);
      const x = await mpc.share(privateTensor('client', [VALUES.length], FORMAT, VALUES));
      const results = await runJobs(mpc, x);
      const all = mpc.concat(results, 0);
      const { data } = (await mpc.reveal(all, 'all', 'logits'))!;
      return Array.from(data, (word) => Number(BigInt.asIntN(FORMAT.ringBits, word)));
    }),
  );
  for (const values of opened) expect(values).toEqual(EXPECTED.flat());
  return { messages: traffic.flights, bytes: traffic.bytes };
}

it('take the time of the longest task, and the bytes of all', async () => {
  const apart = await run(async (mpc, x) => {
    const results: SharedTensor[] = [];
    for (const job of JOBS) results.push(await job(mpc, x));
    return results;
  });
  const beside = await run((mpc, x) =>
    (mpc as DealtBackend).together(JOBS.map((job) => (task) => job(task, x))),
  );
  expect(beside.bytes).toBe(apart.bytes);
  // And one that deals and one that opens.
  expect([apart.messages, beside.messages]).toEqual([1 + 3 + 5 + 2, 5 + 2]);
});

it('shuffle and open beside steps of others', async () => {
  const { nodes } = threeNodes(13);
  const opened = await Promise.all(
    nodes.map(async ({ node }) => {
      const mpc = new DealtBackend(node, 13);
      const x = await mpc.share(privateTensor('client', [VALUES.length], FORMAT, VALUES));
      const steps = async (task: Backend) => {
        let power: SharedTensor = x;
        for (let i = 0; i < 5; i++) power = await task.multiply(power, x);
        return (await task.reveal(power, 'all', 'logits'))!.data;
      };
      const shuffled = async (task: Backend) => {
        const { tensors } = await task.shuffle({ tensors: [x], bits: [] });
        const negative = await task.isNegative(tensors[0]!);
        return (await task.reveal(await task.multiplex(negative, tensors[0]!), 'all', 'logits'))!.data;
      };
      const nested = (task: Backend) => task.together!([shuffled, steps]);
      const [first, second, [fourth, third]] = (await mpc.together<BigUint64Array | BigUint64Array[]>([
        steps,
        shuffled,
        nested,
      ])) as [BigUint64Array, BigUint64Array, BigUint64Array[]];
      return [first, second, third, fourth];
    }),
  );
  const signed = (words: BigUint64Array) =>
    Array.from(words, (word) => Number(BigInt.asIntN(FORMAT.ringBits, word)));
  for (const [first, second, third, fourth] of opened) {
    for (const words of [first!, third!]) expect(signed(words)).toEqual([729, 4096, 15625, 46656]);
    for (const words of [second!, fourth!])
      expect(signed(words).sort((a, b) => a - b)).toEqual([-6, -4, 0, 0]);
  }
  expect(opened[1]).toEqual(opened[0]);
  expect(opened[2]).toEqual(opened[0]);
});

it('throw the first failure when all have ended', async () => {
  const { nodes } = threeNodes(12);
  const [first] = await Promise.allSettled(
    nodes.map(({ node }) =>
      new DealtBackend(node, 12).together([
        () => Promise.reject(new RangeError('first')),
        () => Promise.reject(new Error('second')),
      ]),
    ),
  );
  expect(first).toMatchObject({ status: 'rejected', reason: { message: 'first' } });
});
