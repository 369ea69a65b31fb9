/** 1/x and 1/sqrt(x) by long tables made ahead: as close as on demand but near the lower bound, in two openings, and all of it is used. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { decode, encode } from '../../../../../inference/core/ring-tensor.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { inverseSqrt, reciprocal } from '../../../../../inference/functions/inverse-power.js';
import { runCleartext } from '../../../functions/harness.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { testParties } from '../../../../support/two-parties.js';

const FORMAT = { ringBits: 34, fractionBits: 12 };
const OUT = { ringBits: 22, fractionBits: 12 };

const functions = [
  { run: reciprocal, exact: (x: number) => 1 / x },
  { run: inverseSqrt, exact: (x: number) => 1 / Math.sqrt(x) },
] as const;

const cases = fc.record({
  which: fc.constantFrom(...functions),
  low: fc.double({ min: 0.25, max: 4, noNaN: true }),
  ratio: fc.double({ min: 2, max: 300, noNaN: true }),
  // A product of slope and x would fit no word in the larger one.
  ringBits: fc.constantFrom(OUT.ringBits, 48),
  shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
  seed: fc.integer({ min: 1, max: 1 << 20 }),
});

it('is the function, from tables and on demand', () =>
  fc.assert(
    fc.asyncProperty(cases, async ({ which, low, ratio, ringBits, shares, seed }) => {
      // As both parties have them: 1/x near 1/4 moves by sixteen times what rounding moves x.
      const unit = 2 ** -FORMAT.fractionBits;
      const xs = shares.map((share) => Math.round((low * ratio ** share) / unit) * unit);
      const bounds = { low, high: low * ratio };
      const plan = { ...bounds, out: { ...OUT, ringBits } };
      const { server, client, traffic } = testParties(seed);
      const parties = [server, client].map((party) =>
        openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }),
      );
      const { data } = encode(Float64Array.from(xs), [xs.length], FORMAT);
      const mask = new BigUint64Array(Prg.insecureForTests(seed).bytes(8 * xs.length).buffer);
      const once = async (): Promise<{ values: Float64Array; flights: number }> => {
        const before = traffic.flights;
        const results = await Promise.all(
          parties.map(({ mpc }, at) => {
            const share = mask.map((m, i) => BigInt.asUintN(FORMAT.ringBits, at === 0 ? m : data[i]! - m));
            return which.run(mpc, localTensor(share, [xs.length], FORMAT), plan);
          }),
        );
        const flights = traffic.flights - before;
        const opened = await Promise.all(
          parties.map(({ mpc }, at) => mpc.reveal(results[at]!, 'all', 'logits')),
        );
        return { values: decode(opened[0]!), flights };
      };
      const closeTo = (values: Float64Array, relative: (x: number) => number): void => {
        for (const [i, x] of xs.entries()) {
          const error = Math.abs(values[i]! - which.exact(x));
          expect(error).toBeLessThan(relative(x) * which.exact(x) + 2.5 * 2 ** -OUT.fractionBits);
        }
      };

      const first = await once();
      closeTo(first.values, () => 0.0008);
      // The same lines as in the clear, selected in another way: a unit for each of two truncations.
      const clear = await runCleartext([xs.length], FORMAT, xs, (mpc, x) =>
        which.run(mpc, x, { ...bounds, out: OUT }),
      );
      for (const [i, value] of first.values.entries())
        expect(Math.abs(value - clear[i]!)).toBeLessThanOrEqual(2 * 2 ** -OUT.fractionBits);
      const [demand, others] = parties.map(({ material }) => material.demand());
      expect(demand!.toJSON()).toEqual(others!.toJSON());
      await Promise.all(parties.map(({ material }) => material.prepareAhead(demand!)));
      for (const { material } of parties) material.resetDemand();
      const second = await once();
      closeTo(second.values, (x) => 0.0008 * Math.max(1, 4.5 * (low / x) ** 2));
      for (const { material } of parties) {
        expect(material.stock().items.toJSON()).toEqual({});
        expect(material.demand().toJSON()).toEqual(demand!.toJSON());
      }
      expect(Object.keys(demand!.toJSON()).some((name) => /^look-up \d+ 1$/.test(name))).toBe(true);
      expect(second.flights).toBeLessThan(first.flights);
      closeTo((await once()).values, () => 0.0008);
    }),
    { numRuns: 25 },
  ));
