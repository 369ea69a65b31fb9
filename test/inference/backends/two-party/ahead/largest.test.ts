/** Row maxima by groups, from what was made ahead: the same numbers as by pairs, in fewer messages, and all of it is used. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { decode, encode } from '../../../../../inference/core/ring-tensor.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { maximum } from '../../../../../inference/functions/maximum.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { testParties } from '../../../../support/two-parties.js';

const cases = fc
  .record({
    ringBits: fc.integer({ min: 5, max: 14 }),
    columns: fc.integer({ min: 3, max: 40 }),
    rows: fc.integer({ min: 1, max: 4 }),
    seed: fc.integer({ min: 1, max: 1 << 20 }),
  })
  .chain(({ columns, rows, ringBits, seed }) => {
    // Differences fit the ring; few different numbers, so that equal ones meet.
    const most = 2 ** (ringBits - 2) - 1;
    const number = fc.oneof(fc.integer({ min: -most, max: most }), fc.constantFrom(-most, 0, most));
    return fc
      .array(number, { minLength: columns * rows, maxLength: columns * rows })
      .map((values) => ({ columns, rows, ringBits, seed, values }));
  });

it('is the largest of each row, from material and on demand', () =>
  fc.assert(
    fc.asyncProperty(cases, async ({ columns, rows, ringBits, seed, values }) => {
      const format = { ringBits, fractionBits: 1 };
      const expected = Array.from(
        { length: rows },
        (_, row) => Math.max(...values.slice(row * columns, (row + 1) * columns)) / 2,
      );
      const { server, client, traffic } = testParties(seed);
      const parties = [server, client].map((party) =>
        openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }),
      );
      const { data } = encode(
        Float64Array.from(values, (value) => value / 2),
        [rows, columns],
        format,
      );
      const mask = new BigUint64Array(Prg.insecureForTests(seed).bytes(8 * data.length).buffer);
      const once = async (): Promise<{ found: number[]; flights: number }> => {
        const before = traffic.flights;
        const results = await Promise.all(
          parties.map(({ mpc }, at) => {
            const share = mask.map((m, i) => BigInt.asUintN(ringBits, at === 0 ? m : data[i]! - m));
            return maximum(mpc, localTensor(share, [rows, columns], format));
          }),
        );
        const flights = traffic.flights - before;
        const opened = await Promise.all(
          parties.map(({ mpc }, at) => mpc.reveal(results[at]!, 'all', 'logits')),
        );
        return { found: [...decode(opened[0]!)], flights };
      };

      const onDemand = await once();
      expect(onDemand.found).toEqual(expected);
      const [demand, others] = parties.map(({ material }) => material.demand());
      expect(demand!.toJSON()).toEqual(others!.toJSON());
      await Promise.all(parties.map(({ material }) => material.prepareAhead(demand!)));
      for (const { material } of parties) material.resetDemand();
      const ahead = await once();
      expect(ahead.found).toEqual(expected);
      for (const { material } of parties) {
        expect(material.stock().items.toJSON()).toEqual({});
        expect(material.demand().toJSON()).toEqual(demand!.toJSON());
      }
      // Three openings a step of groups of four at most.
      expect(ahead.flights).toBeLessThanOrEqual(3 * Math.ceil(Math.log(columns) / Math.log(4)) + 1);
      expect((await once()).found).toEqual(expected);
    }),
    { numRuns: 40 },
  ));
