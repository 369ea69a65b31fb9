/** Lines in the place of tanh, against the function itself between their samples; and the engine's, whatever the shares. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localTensor } from '../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { encode } from '../../../inference/core/ring-tensor.js';
import { Prg } from '../../../inference/crypto/prg.js';
import { cipherPrune } from '../../../methods/cipherprune/index.js';
import { tanh, tanhApproximation } from '../../../methods/cipherprune/numbers.js';
import { type OddLine, oddLines } from '../../../methods/cipherprune/odd-lines.js';
import { runCleartext } from '../../inference/functions/harness.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { testParties } from '../../support/two-parties.js';

const valueAt = (lines: readonly OddLine[], x: number): number => {
  const { slope, offset } = lines.filter(({ begin }) => begin <= x).at(-1)!;
  return slope * x + offset;
};

describe('lines', () => {
  const functions = fc.record({
    scale: fc.double({ min: 0.5, max: 1.5, noNaN: true }),
    clip: fc.integer({ min: 64, max: 400 }).map((n) => n / 128),
    error: fc.double({ min: 0.0006, max: 0.01, noNaN: true }),
  });

  it('follow an odd function and end where it does', () =>
    fc.assert(
      fc.property(functions, ({ scale, clip, error }) => {
        const f = (x: number): number => Math.tanh(scale * Math.min(x, clip));
        const lines = oddLines(f, clip, error);
        // Between two samples the curve leaves their chord by a 1/8 of its second derivative times the square of their distance.
        const allowed = error + (0.77 * scale ** 2 * 2 ** -14) / 8 + 1e-12;
        for (let x = 0; x < clip; x += 0.0013)
          expect(Math.abs(valueAt(lines, x) - f(x))).toBeLessThanOrEqual(allowed);
        expect(lines[0]).toMatchObject({ begin: 0, offset: 0 });
        expect(lines.at(-1)!.slope).toBe(0);
        expect(Math.abs(lines.at(-1)!.offset - f(clip))).toBeLessThanOrEqual(allowed);
        for (const { begin, slope } of lines) {
          expect(Number.isInteger(begin * 2 ** 7)).toBe(true);
          expect(Number.isInteger(slope * 2 ** 7)).toBe(true);
        }
      }),
      { numRuns: 20 },
    ));

  it('are few for tanh', () => {
    const { clip } = tanhApproximation;
    expect(oddLines((x) => tanh(x), clip, 0.0008).length).toBeLessThanOrEqual(17);
  });

  it('refuse an error that slopes do not allow', () => {
    expect(() => oddLines(Math.tanh, 1, 1e-7)).toThrow(
      'lines: expected an error that slopes allow, got 1e-7',
    );
  });
});

describe('tanh of the head', () => {
  const format = { ringBits: 37, fractionBits: 22 };
  const out = { ringBits: 37, fractionBits: 12 };
  const inputs = fc.record({
    xs: fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 30 }),
    seed: fc.integer({ min: 1, max: 1 << 20 }),
  });

  it('follows from the number alone, on demand and from a table made ahead', () =>
    fc.assert(
      fc.asyncProperty(inputs, async ({ xs, seed }) => {
        const { server, client } = testParties(seed);
        const parties = [server, client].map((party) =>
          openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }),
        );
        const { data } = encode(Float64Array.from(xs), [1, xs.length], format);
        const plan = { inputRange: 9, out };
        const once = async (mask: BigUint64Array): Promise<readonly bigint[]> => {
          const results = await Promise.all(
            parties.map(({ mpc }, at) => {
              const share = mask.map((m, i) => BigInt.asUintN(format.ringBits, at === 0 ? m : data[i]! - m));
              return cipherPrune.head(mpc, 'tanh', localTensor(share, [1, xs.length], format), plan);
            }),
          );
          const [opened] = await Promise.all(
            parties.map(({ mpc }, at) => mpc.reveal(results[at]!, 'all', 'logits')),
          );
          return [...opened!.data];
        };
        const maskOf = (n: number) =>
          new BigUint64Array(Prg.insecureForTests(seed + n).bytes(8 * xs.length).buffer);

        const first = await once(maskOf(1));
        expect(await once(maskOf(2))).toEqual(first);
        const clear = await runCleartext([1, xs.length], format, xs, (mpc, x) =>
          cipherPrune.head(mpc, 'tanh', x, plan),
        );
        expect(first.map((word) => Number(BigInt.asIntN(37, word)) * 2 ** -12)).toEqual(clear);

        const demand = parties[0]!.material.demand();
        for (const { material } of parties) material.resetDemand();
        await once(maskOf(3));
        const ofOne = parties.map(({ material }) => material.demand());
        expect(demand.toJSON()).not.toEqual(ofOne[0]!.toJSON());
        await Promise.all(parties.map(({ material }) => material.prepareAhead(ofOne[0]!)));
        for (const { material } of parties) material.resetDemand();
        const ahead = await once(maskOf(4));
        for (const { material } of parties) {
          expect(material.stock().items.toJSON()).toEqual({});
          expect(material.demand().toJSON()).toEqual(ofOne[0]!.toJSON());
        }
        for (const [i, x] of xs.entries())
          expect(Math.abs(Number(BigInt.asIntN(37, ahead[i]!)) * 2 ** -12 - tanh(x))).toBeLessThan(0.0008);
        await Promise.all(parties.map(({ material }) => material.prepareAhead(ofOne[1]!)));
        expect(await once(maskOf(5))).toEqual(ahead);
      }),
      { numRuns: 6 },
    ));
});
