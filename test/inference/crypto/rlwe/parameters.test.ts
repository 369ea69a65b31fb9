import { describe, expect, it } from 'vitest';
import { Budgets, type NoiseShape, noiseBudget } from '../../../../inference/crypto/rlwe/noise-budget.js';
import {
  chooseLayout,
  costModels,
  defaultCostModel,
  estimatedMilliseconds,
  inputBytes,
  keySwitches,
  Layouts,
} from '../../../../inference/crypto/rlwe/packed-layout.js';
import {
  maximumKIn,
  presetOfWidth,
  rlweParameters,
  standardPreset,
} from '../../../../inference/crypto/rlwe/parameters.js';
import { insecureTestPreset } from '../../../support/insecure-rlwe.js';

/** As few limbs as suffice, then as short an answer as suffices. */
function sufficientBudget(parameters: typeof standardPreset, shape: NoiseShape) {
  const budgets = new Budgets(parameters);
  return budgets.shortest(shape, budgets.whole(shape, 1));
}

describe('parameters', () => {
  it('stay within the modulus that the standard allows for 128 bits at n = 8192', () => {
    expect(standardPreset.n).toBe(8192);
    expect(standardPreset.totalModulusBits).toBeLessThan(218);
  });

  it('are checked', () => {
    const literal = { ...standardPreset, name: 'bad' };
    expect(() => rlweParameters({ ...literal, n: 100 })).toThrow(/n a power of two/);
    expect(() => rlweParameters({ ...literal, primes: [33_554_467] })).toThrow(/26-bit prime/);
    expect(() => rlweParameters({ ...literal, primes: [standardPreset.specialPrimes[0]] })).toThrow(
      /different/,
    );
    expect(() => rlweParameters({ ...literal, n: 16384 })).toThrow(/2n \| p - 1/);
  });

  it('say that the test preset has no security', () => {
    expect(insecureTestPreset(256).securityBits).toBe(0);
  });
});

describe('keys of packing', () => {
  it.each([
    [768, 'fast', 64],
    [768, 'slow', 128],
    [1024, 'slow', 128],
    [384, 'fast', 64],
    [384, 'slow', 128],
    [256, 'fast', 32],
    [256, 'slow', 64],
    [128, 'slow', 32],
  ] as const)('of a model of width %i on a %s line: %i', (width, line, features) => {
    const preset = presetOfWidth(width, line);
    expect(preset.mostFeatures).toBe(features);
    expect(preset.modulusChain).toEqual(standardPreset.modulusChain);
    expect(presetOfWidth(width, line)).toBe(preset);
  });
});

describe('noise budget', () => {
  const shape = { ringBits: 37, inputs: 3072, weightBits: 12, kIn: 8, kOut: 8 };

  it('needs four limbs for 37-bit rings and 12-bit weights, and sends back two', () => {
    const budget = sufficientBudget(standardPreset, shape);
    expect(budget.limbs).toBe(4);
    expect(budget.downLimbs).toBe(2);
    expect(budget.relativeNoiseBits).toBeLessThan(-38);
    // Eight deviations of n ternary multiples of half a unit take 7 bits of a half step of 38; b's rounding a quarter of it.
    expect([budget.aBits, budget.bBits]).toEqual([46, 41]);
    expect(budget.failureBits).toBeLessThan(-64);
    expect(budget.floodBits).toBeGreaterThanOrEqual(40 + budget.weightNoiseBits);
  });

  it('uses more limbs for larger rings and shares as weights', () => {
    // Too many bits for a fraction: all residues are sent.
    expect(sufficientBudget(standardPreset, { ...shape, ringBits: 44 })).toMatchObject({
      downLimbs: 3,
      aBits: 0,
    });
    const product = { ringBits: 32, inputs: 64, weightBits: 32, kIn: 8, kOut: 8 };
    expect(sufficientBudget(standardPreset, product).limbs).toBe(5);
    expect(() => sufficientBudget(standardPreset, { ...product, ringBits: 48 })).toThrow(/noise budget/);
  });

  it('floods the encryption of zero as well where weights are few and small', () => {
    const tiny = { ringBits: 20, inputs: 1, weightBits: 2, kIn: 1, kOut: 1 };
    const { n } = standardPreset;
    const zero = 8 * Math.sqrt(10.5 * (2 * n * (2 / 3) + 1)); // eight deviations of u·e + e1·s + e2
    const budget = noiseBudget(standardPreset, tiny, 4, 2);
    expect(budget.weightNoiseBits).toBeLessThan(Math.log2(zero));
    expect(budget.floodBits).toBeGreaterThanOrEqual(40 + Math.log2(zero));
  });

  it('follows the norm of the columns where it is known', () => {
    const noise = (normBits: number | undefined, weightBits: number): number =>
      noiseBudget(standardPreset, { ...shape, weightBits, normBits }, 4, 2).weightNoiseBits;
    expect(noise(11 + Math.log2(shape.inputs) / 2, 16)).toBeCloseTo(noise(undefined, 12), 9);
    // One 15-bit entry among small ones costs no more than 9-bit entries everywhere.
    expect(noise(14, 15)).toBeLessThan(noise(undefined, 10));
    expect(sufficientBudget(standardPreset, { ...shape, weightBits: 16, normBits: 14 }).limbs).toBe(4);
  });

  it('grows with the weights', () => {
    const bits = [4, 8, 16].map(
      (weightBits) => noiseBudget(standardPreset, { ...shape, weightBits }, 4, 2).weightNoiseBits,
    );
    expect(bits[1]! - bits[0]!).toBeGreaterThan(0.5);
    expect(bits[2]! - bits[1]!).toBeGreaterThan(6);
  });
});

describe('layouts', () => {
  const shape = { batch: 1, rows: 128, inputs: 768, outputs: 768, ringBits: 37, weightBits: 12 };

  it('follow from public shapes and fit the ring', () => {
    for (const rows of [1, 2, 5, 55, 128, 512, 8192]) {
      const layout = chooseLayout(standardPreset, { ...shape, rows });
      expect(layout.tokens).toBeGreaterThanOrEqual(rows);
      expect(layout.tokens * layout.kIn * layout.kOut).toBeLessThanOrEqual(standardPreset.n);
      expect(layout.kIn).toBeLessThanOrEqual(maximumKIn(standardPreset));
    }
  });

  it('trade uploads for key switches as bandwidth falls', () => {
    const cost = { ...defaultCostModel, bytesPerMillisecond: 1e6 };
    const fast = chooseLayout(standardPreset, shape, cost);
    const dear = chooseLayout(standardPreset, shape, { ...cost, bytesPerMillisecond: 1e3 });
    expect(inputBytes(dear)).toBeLessThan(inputBytes(fast));
    expect(keySwitches(dear)).toBeGreaterThan(keySwitches(fast));
  });

  it('are the best of all that fit', () => {
    const { n } = standardPreset;
    const best = (given: typeof shape): number => {
      const fewest = 2 ** Math.ceil(Math.log2(given.rows));
      const powers = (limit: number) => Array.from({ length: Math.log2(limit) + 1 }, (_, log) => 2 ** log);
      const estimates = powers(Math.min(n / fewest, maximumKIn(standardPreset)))
        .filter((kIn) => kIn < 2 * given.inputs)
        .flatMap((kIn) => powers(n / fewest / kIn).map((kOut) => ({ ...given, n, kIn, kOut })))
        .flatMap((packed) =>
          powers(n / packed.kIn / packed.kOut)
            .filter((tokens) => tokens >= fewest)
            .map((tokens) => ({ ...packed, tokens })),
        )
        .filter(({ kOut }) => kOut < 2 * given.outputs)
        .map((layout) => ({ ...layout, budget: sufficientBudget(standardPreset, layout) }))
        .map((layout) => estimatedMilliseconds(layout, defaultCostModel));
      return Math.min(...estimates);
    };
    for (const rows of [1, 3, 16, 55, 128])
      for (const given of [
        { ...shape, rows, outputs: 2304 },
        { ...shape, rows, batch: 12, inputs: 64, outputs: 55, ringBits: 31, weightBits: 31 },
        { ...shape, rows, inputs: 5, outputs: 3, weightBits: 16 },
      ])
        expect(estimatedMilliseconds(chooseLayout(standardPreset, given), defaultCostModel)).toBe(
          best(given),
        );
  });

  it('send little of places without a row', () => {
    const of = { ...shape, inputs: 3072 };
    // 48 ciphertexts of 64 features; of each two places of 1,024 coefficients, in four limbs of 26 bits.
    expect(inputBytes(chooseLayout(standardPreset, { ...of, rows: 1 }))).toBe(48 * 4 * ((2 * 1024 * 26) / 8));
    // 128 features, two outputs: 256 coefficients a row.
    const sent = (rows: number) =>
      inputBytes(chooseLayout(standardPreset, { ...of, rows }, costModels.slow.ferret));
    expect([15, 16].map(sent)).toEqual([16, 17].map((places) => 48 * 4 * ((places * 128 * 26) / 8)));
  });

  it('are the same for a connection, which keeps the budgets of other rows', () => {
    const layouts = new Layouts(standardPreset, defaultCostModel);
    for (const ringBits of [37, 31])
      for (const normBits of [undefined, 14])
        for (const rows of [1, 14, 55, 128]) {
          const given = { ...shape, rows, outputs: 20 * rows, ringBits, normBits };
          expect(layouts.of(given)).toEqual(chooseLayout(standardPreset, given));
        }
  });

  it('refuse more rows than coefficients', () => {
    expect(() => chooseLayout(standardPreset, { ...shape, rows: 8193 })).toThrow(/rows/);
  });
});
