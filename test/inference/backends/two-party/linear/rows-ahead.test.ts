import { describe, expect, it } from 'vitest';
import { dataOf, localTensor } from '../../../../../inference/backends/local-backend.js';
import { Demand } from '../../../../../inference/material/demand.js';
import { setupLinear } from '../../../../../inference/backends/two-party/linear/linear.js';
import { uniformWords } from '../../../../../inference/backends/two-party/linear/product-session.js';
import { openTwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { insecureTestPreset } from '../../../../support/insecure-rlwe.js';
import { both, testParties } from '../../../../support/two-parties.js';
import { mod, randomWeights, sourceOf } from './linear-pair.js';

describe.each([37, 40])('linear layers with rows made ahead, in a ring of %i bits', (ringBits) => {
  const parameters = insecureTestPreset(256);
  const format = { ringBits, fractionBits: 2 };

  /** Three texts of 5, 20 and 9 rows from a pool of `rowsAhead`. */
  async function run(rowsAhead: number) {
    const parties = testParties(11);
    const random = Prg.insecureForTests(12);
    const shape = { rows: 0, inputs: 12, outputs: 7, ringBits, weightBits: 8 };
    const matrix = randomWeights(random, 84, 8);
    const bias = new Float64Array(7).fill(0.25);
    const texts = [5, 20, 9].map((rows) => {
      const [x0, x1] = [uniformWords(random, rows * 12, ringBits), uniformWords(random, rows * 12, ringBits)];
      return { rows, x0, x1 };
    });
    const bytes: number[] = [];
    const outputs = await both(parties, async ({ session, cots }) => {
      const isServer = session.self === 'server';
      const linear = await setupLinear(session, { parameters });
      const { mpc, material } = openTwoParty({ session, cots, linear });
      const w = await mpc.prepare(sourceOf(shape, isServer ? matrix : null, isServer ? bias : null));
      await material.prepareAhead(Demand.of([[{ kind: 'linear', weight: 0, ringBits }, rowsAhead]]));
      const shares: BigUint64Array[] = [];
      for (const { rows, x0, x1 } of texts) {
        const before = parties.traffic.bytes;
        shares.push(dataOf(await mpc.linear(localTensor(isServer ? x0 : x1, [rows, 12], format), w)));
        if (isServer) bytes.push(parties.traffic.bytes - before);
      }
      return shares;
    });
    const sums = texts.map((_, t) =>
      outputs[0][t]!.map((word, i) => mod(word + outputs[1][t]![i]!, ringBits)),
    );
    const expected = texts.map(({ rows, x0, x1 }) =>
      new BigUint64Array(rows * 7).map((_, at) => {
        let sum = 64n;
        for (let c = 0; c < 12; c++) {
          const i = Math.floor(at / 7) * 12 + c;
          sum += (x0[i]! + x1[i]!) * BigInt(matrix[c * 7 + (at % 7)]!);
        }
        return mod(sum, ringBits);
      }),
    );
    return { sums, expected, bytes };
  }

  it('give the same results, from the pool and beside it', async () => {
    for (const rowsAhead of [0, 16]) {
      const { sums, expected } = await run(rowsAhead);
      expect(sums).toEqual(expected);
    }
  });

  it('serve nearly all rows of a layer, of which the rest goes on demand', async () => {
    const { sums, expected, bytes } = await run(22); // 17 are left for 20
    expect(sums).toEqual(expected);
    expect(bytes[1]).toBeGreaterThan(1000 + Math.ceil((17 * 12 * ringBits) / 8));
    expect(bytes[2]).toBeGreaterThan(1000);
  });

  it('send nothing but masked rows while the pool lasts', async () => {
    const { bytes } = await run(16);
    expect(bytes[0]).toBe(Math.ceil((5 * 12 * ringBits) / 8));
    expect(bytes[1]).toBeGreaterThan(1000);
    expect(bytes[2]).toBe(Math.ceil((9 * 12 * ringBits) / 8));
  });
});
