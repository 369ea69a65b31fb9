/** LayerNorm from squares made ahead, which wait for no mean: the same function in fewer messages, whatever the mean, and all of it is used. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { decode, encode, privateTensor } from '../../../../../inference/core/ring-tensor.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { layerNorm, layerNormFormats } from '../../../../../inference/functions/layer-norm.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { rowStatistics } from '../../../../support/row-statistics.js';
import { testParties } from '../../../../support/two-parties.js';
import { noise } from '../../../functions/harness.js';

const FORMAT = { ringBits: 29, fractionBits: 12 };

const cases = fc.record({
  // Of odd part 1, 3, and 5, which has squares of x - mean in any case.
  features: fc.constantFrom(32, 24, 20),
  rows: fc.integer({ min: 1, max: 5 }),
  mean: fc.double({ min: -2, max: 2, noNaN: true }),
  size: fc.double({ min: 0.3, max: 3, noNaN: true }),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

it('is LayerNorm, from material and on demand', () =>
  fc.assert(
    fc.asyncProperty(cases, async ({ features, rows, mean, size, seed }) => {
      const next = noise(seed);
      const x = Float64Array.from({ length: rows * features }, () => mean + size * (next() + next()));
      const [gamma, beta] = [0, 1].map(() => Float64Array.from({ length: features }, () => next()));
      const statistics = rowStatistics(x, features);
      const expected = x.map((v, i) => {
        const { mean, variance } = statistics[Math.floor(i / features)]!;
        return ((v - mean) / Math.sqrt(variance)) * gamma![i % features]! + beta![i % features]!;
      });
      const variances = statistics.map(({ variance }) => variance);
      const plan = {
        epsilon: 1e-12,
        inputRange: 2 * x.reduce((largest, v) => Math.max(largest, Math.abs(v)), 1),
        variance: { low: Math.min(...variances) / 4, high: Math.max(...variances) * 4 },
        outputRange: 2 * expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 1),
        gammaBits: 1,
        out: { ringBits: 37, fractionBits: 12 },
      };
      const formats = layerNormFormats(plan);
      const { server, client, traffic } = testParties(seed);
      const parties = [server, client].map((party) =>
        openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }),
      );
      const { data } = encode(x, [rows, features], FORMAT);
      const mask = new BigUint64Array(Prg.insecureForTests(seed).bytes(8 * x.length).buffer);
      const known = (at: number, values: Float64Array, format: typeof FORMAT) =>
        privateTensor('server', [features], format, at === 0 ? values : null);
      const parameters = parties.map((_, at) => ({
        gamma: known(at, gamma!, formats.gamma),
        beta: known(at, beta!, formats.beta),
      }));
      const once = async (): Promise<number> => {
        const before = traffic.flights;
        const results = await Promise.all(
          parties.map(({ mpc }, at) => {
            const share = mask.map((m, i) => BigInt.asUintN(FORMAT.ringBits, at === 0 ? m : data[i]! - m));
            return layerNorm(mpc, localTensor(share, [rows, features], FORMAT), parameters[at]!, plan);
          }),
        );
        const flights = traffic.flights - before;
        const opened = await Promise.all(
          parties.map(({ mpc }, at) => mpc.reveal(results[at]!, 'all', 'logits')),
        );
        const differences = decode(opened[0]!).map((value, i) => Math.abs(value - expected[i]!));
        expect(Math.max(...differences)).toBeLessThan(0.06);
        return flights;
      };

      await once();
      const [demand, others] = parties.map(({ material }) => material.demand());
      expect(demand!.toJSON()).toEqual(others!.toJSON());
      await Promise.all(parties.map(({ material }) => material.prepareAhead(demand!)));
      for (const { material } of parties) material.resetDemand();
      const flights = await once();
      for (const { material } of parties) {
        expect(material.stock().items.toJSON()).toEqual({});
        expect(material.demand().toJSON()).toEqual(demand!.toJSON());
      }
      // Squares, a table, a selection, the product; a widening and the mean before them where the features have a large odd part.
      expect(flights).toBeLessThanOrEqual(features === 20 ? 8 : 6);
      await once();
    }),
    { numRuns: 20 },
  ));
