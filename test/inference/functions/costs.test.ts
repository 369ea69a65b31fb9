import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import type { RingFormat } from '../../../inference/core/ring-tensor.js';
import { sizeOf } from '../../../inference/core/shape.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';
import type { CotPair } from '../../../inference/crypto/ot/cot.js';
import { exponentialOf } from '../../../methods/cipherprune/exponential.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { cipherPruneNumbers } from '../../../methods/cipherprune/numbers.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { type TestParty, testParties } from '../../support/two-parties.js';

const exponential = exponentialOf(cipherPruneNumbers);
const { gelu, softmax } = cipherPrune;

interface Cost {
  /** Messages, without those that make COTs. */
  readonly bits: number;
  readonly cots: number;
  readonly flights: number;
}

/** Costs for each element, between two parties with dealt COTs. */
async function costOf(
  shape: readonly number[],
  format: RingFormat,
  body: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
): Promise<Cost> {
  const { server, client, traffic } = testParties(1);
  let cots = 0;
  const run = async (party: TestParty) => {
    const { sender, receiver } = party.cots;
    const counted: CotPair = {
      sender: {
        take: (count) => {
          cots += count;
          return sender.take(count);
        },
        claim: (count) => {
          cots += count;
          return sender.claim(count);
        },
      },
      receiver,
    };
    const both = { session: party.session, cots: counted };
    const { mpc } = openTwoParty({ ...both, linear: new GilboaLinear(both) });
    await body(mpc, mpc.constant(0.5, shape, format.ringBits, format.fractionBits));
  };
  await Promise.all([run(server), run(client)]);
  const count = sizeOf(shape);
  return { bits: (8 * traffic.bytes) / count, cots: cots / count, flights: traffic.flights };
}

/** A COT of SoftSpoken takes 4 bytes. */
const total = ({ bits, cots }: Cost): number => bits + 32 * cots;
const resting = { ringBits: 37, fractionBits: 12 };

describe('costs of the functions between two parties', () => {
  const geluOf = (high: number) =>
    costOf([64, 32], { ringBits: 37, fractionBits: 20 }, (mpc, x) =>
      gelu(mpc, x, high, { inputRange: 16, out: resting }),
    );
  const expOf = (high: number) =>
    costOf([2048], { ringBits: 16, fractionBits: 8 }, (mpc, x) => exponential(mpc, x, high));
  const softmaxOf = (high: number) =>
    costOf([32, 128], { ringBits: 26, fractionBits: 16 }, (mpc, x) =>
      softmax(mpc, x, high, { spread: 80, out: { ringBits: 26, fractionBits: 11 } }),
    );

  it('GELU of low degree costs at most 0.55 of high', async () => {
    const [high, low] = [await geluOf(64), await geluOf(0)];
    expect(high.cots).toBeLessThan(66);
    expect(high.bits).toBeLessThan(1100);
    expect(high.flights).toBeLessThan(20);
    expect(total(low)).toBeLessThan(0.55 * total(high));
  });

  it('exp of low degree costs at most 0.6 of high, and a softmax row 0.7', async () => {
    const [high, low] = [await expOf(2048), await expOf(0)];
    expect(high.cots).toBeLessThan(81);
    expect(high.bits).toBeLessThan(1300);
    expect(total(low)).toBeLessThan(0.6 * total(high));
    const [highRows, lowRows] = [await softmaxOf(32), await softmaxOf(0)];
    expect(highRows.flights).toBeLessThan(61);
    expect(total(lowRows)).toBeLessThan(0.7 * total(highRows));
    expect(lowRows.bits).toBeLessThan(0.7 * highRows.bits);
  });
});
