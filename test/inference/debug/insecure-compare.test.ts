import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { dataOf } from '../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { privateTensor } from '../../../inference/core/ring-tensor.js';
import { span } from '../../../inference/core/span.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';
import { insecureCompare } from '../../../inference/debug/insecure-compare.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { testParties } from '../../support/two-parties.js';

const format = { ringBits: 37, fractionBits: 12 };

function backends(seed: number): { server: Backend; client: Backend } {
  const { server, client } = testParties(seed);
  const make = (party: typeof server): Backend =>
    openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }).mpc;
  return { server: make(server), client: make(client) };
}

/** A little of everything: a product with a private matrix, truncation, comparison, a shuffle and an opening. */
const body = (self: 'server' | 'client') => async (mpc: Backend) => {
  const values = self === 'client' ? Float64Array.from({ length: 12 }, (_, i) => i / 4 - 1.3) : null;
  const x = await mpc.share(privateTensor('client', [4, 3], format, values));
  const isServer = self === 'server';
  const weight = await mpc.prepare({
    name: 'w',
    inputs: 3,
    outputs: 2,
    weightBits: 8,
    fractionBits: 6,
    matrix: isServer ? Int16Array.of(5, -7, 100, 1, 0, -128) : null,
    bias: isServer ? Float64Array.of(0.25, -0.5) : null,
  });
  const product = await span('layer0', async () => mpc.truncateReduce(await mpc.linear(x, weight), 6));
  return span('layer1', async () => {
    const bits = await mpc.isNegative(product);
    const positive = await mpc.multiplex(mpc.not(bits), product);
    const { tensors } = await mpc.shuffle({ tensors: [positive], bits: [bits] });
    await mpc.revealBits(bits, 'all', 'kept-token-count');
    return mpc.reveal(await mpc.widen(tensors[0]!, 37), 'client', 'logits');
  });
};

async function compare(parties: { server: Backend; client: Backend }) {
  // Both parties run one line; only what each of them knows differs.
  return insecureCompare(parties, (mpc) => body(mpc.self)(mpc));
}

describe('insecure comparison', () => {
  it('finds every operation right, up to the unit that truncation may lose', async () => {
    const { results, places } = await compare(backends(1));
    expect(places.map(({ place }) => place)).toEqual(['outside', 'layer0', 'layer1']);
    expect(places.flatMap(({ mismatches }) => mismatches)).toEqual([]);
    expect(Math.max(...places.map(({ truncationDifference }) => truncationDifference))).toBeLessThanOrEqual(
      1,
    );
    expect(places.find(({ place }) => place === 'layer1')!.operations).toBe(7);
    expect(results[0]).toBeNull();
    expect(results[1]!.shape).toEqual([4, 2]);
  });

  it('names the operation and place of a protocol that is off by one', async () => {
    const parties = backends(2);
    const { client } = parties;
    const widen = client.widen.bind(client);
    client.widen = async (x: SharedTensor, bits: number) => {
      const result = await widen(x, bits);
      dataOf(result)[3]! ^= 1n;
      return result;
    };
    const { places } = await compare(parties);
    expect(places.flatMap(({ mismatches }) => mismatches)).toEqual(['layer1/widen: off by 1 (allowed 0)']);
  });
});
