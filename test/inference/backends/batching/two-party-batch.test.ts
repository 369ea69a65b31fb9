/** Batches between two parties: calls of different kinds run side by side. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../../inference/backends/backend.js';
import { runBatch } from '../../../../inference/backends/batching/run-batch.js';
import { CleartextBackend } from '../../../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../../../inference/backends/two-party/open-two-party.js';
import type { SharedTensor } from '../../../../inference/core/tensors.js';
import { GilboaLinear } from '../../../support/gilboa-linear.js';
import { type TestParties, testParties } from '../../../support/two-parties.js';
import { inputOf, laneRows, prepareWeight, programs, runProgram } from './program.js';

function backendsOf({ server, client }: TestParties): readonly Backend[] {
  return [server, client].map((party) => {
    const { session, cots } = party;
    return openTwoParty({ session, cots, linear: new GilboaLinear(party) }).mpc;
  });
}

const atBoth = <T>(parties: TestParties, body: (mpc: Backend) => Promise<T>): Promise<T[]> =>
  Promise.all(backendsOf(parties).map(body));

describe('a batch between two parties', () => {
  it('opens what the programs give in the clear, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(programs, laneRows, async (program, rows) => {
        const batch = async (mpc: Backend, server: boolean, client: boolean) => {
          const weight = await prepareWeight(mpc, server);
          return runBatch(mpc, rows.length, (lane, i) =>
            runProgram(lane, program, inputOf(rows[i]!, i), weight, client),
          );
        };
        const expected = await batch(new CleartextBackend(), true, true);
        const opened = await atBoth(testParties(1), (mpc) =>
          batch(mpc, mpc.self === 'server', mpc.self === 'client'),
        );
        expect(opened).toEqual([expected, expected]);
      }),
      { numRuns: 40 },
    );
  });

  /** Different rings and different operations in each lane. */
  const lanes: readonly ((mpc: Backend, x: SharedTensor) => Promise<unknown>)[] = [
    (mpc, x) => mpc.isNegative(mpc.narrow(x, 13)),
    (mpc, x) => mpc.isNegative(mpc.narrow(x, 12)),
    (mpc, x) => mpc.areNegative(mpc.narrow(x, 12), [[{ rows: 6, value: 1 }], [{ rows: 6, value: 2 }]]),
    (mpc, x) => mpc.multiply(x, x),
    (mpc, x) => mpc.widen(mpc.narrow(x, 20), 24),
    (mpc, x) => mpc.matmul(mpc.reshape(x, [1, 2, 3]), mpc.reshape(x, [1, 3, 2])),
    (mpc, x) => mpc.shuffle({ tensors: [x], bits: [] }),
  ];

  const flightsOf = async (bodies: typeof lanes): Promise<number> => {
    const parties = testParties(2);
    await atBoth(parties, (mpc) =>
      runBatch(mpc, bodies.length, async (lane, i) => {
        const input = inputOf(2, i);
        const value = lane.self === 'client' ? input : null;
        const x = await lane.share({ kind: 'private', owner: 'client', ...input, value });
        await bodies[i]!(lane, lane.reshape(x, [6]));
      }),
    );
    return parties.traffic.flights;
  };

  it('takes at most two flights more for different operations than for the longest of them, since directions mix', async () => {
    const alone = await Promise.all(lanes.map((body) => flightsOf([body])));
    expect(await flightsOf(lanes)).toBeLessThanOrEqual(Math.max(...alone) + 2);
  });
});
