/** What a function costs between two parties with dealt COTs, element by element. */
import type { Backend } from '../../inference/backends/backend.js';
import { openTwoParty } from '../../inference/backends/two-party/open-two-party.js';
import type { RingFormat } from '../../inference/core/ring-tensor.js';
import { sizeOf } from '../../inference/core/shape.js';
import type { SharedTensor } from '../../inference/core/tensors.js';
import type { CotPair } from '../../inference/crypto/ot/cot.js';
import { GilboaLinear } from './gilboa-linear.js';
import { type TestParty, testParties } from './two-parties.js';

export interface Cost {
  /** Messages, without those that make COTs. */
  readonly bits: number;
  readonly cots: number;
  readonly flights: number;
}

/** Costs for each element, between two parties with dealt COTs. */
export async function costOf(
  shape: readonly number[],
  format: RingFormat,
  body: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
): Promise<Cost> {
  const { server, client, traffic } = testParties(1);
  let cots = 0;
  const run = async (party: TestParty) => {
    const { sender, receiver } = party.cots;
    const counted: CotPair = {
      ...party.cots,
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

/** Bits: a COT of SoftSpoken takes 4 bytes. */
export const totalBits = ({ bits, cots }: Cost): number => bits + 32 * cots;
