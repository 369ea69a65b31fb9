import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { greedySubset, randomSubset, smallestSubset } from '../../../experiments/security/dense-subset.js';
import { FERRET_1170_11_17, rowOf } from '../../../experiments/security/estimate.js';
import { closedCosts, greedyCosts } from '../../../experiments/security/lpn-attacks.js';
import { instanceOf, type LpnInstance, logBinomial } from '../../../experiments/security/lpn-instance.js';
import { PROTOCOL_OPTIONS } from '../../../inference/run/protocol-digest.js';

const inUse = instanceOf(PROTOCOL_OPTIONS.correlatedOts.ferret);
const before = instanceOf(FERRET_1170_11_17);

/** A sixteenth of the unknowns and samples: shares do not depend on the size. */
const scaled = (instance: LpnInstance): LpnInstance => ({
  ...instance,
  unknowns: instance.unknowns / 16,
  samples: instance.samples / 16,
});

const lowest = (instance: LpnInstance): number => {
  const costs = [...closedCosts(instance), ...greedyCosts(instance, greedySubset(scaled(instance)))];
  return Math.min(...costs.map(({ bits }) => bits));
};

describe('attacks on Ferret', () => {
  it('cost at least 2^128 with the parameters in use, and less with those used before', () => {
    expect(lowest(inUse)).toBeGreaterThan(128);
    expect(lowest(before)).toBeLessThan(100);
  });

  it('are the ones that the documentation lists', () => {
    const page = readFileSync(
      new URL('../../../docs/reference/security-parameters.md', import.meta.url),
      'utf8',
    );
    const other = closedCosts(before);
    closedCosts(inUse).forEach(({ attack, bits }, row) => {
      expect(page).toContain(rowOf(attack, bits, other[row]!.bits));
    });
    // Simulated at the full size there, at a sixteenth here.
    const listed = [...page.matchAll(/\| greedy subset of unknowns, [a-z ]+ \| (\d+) \|/g)].map(
      (row) => +row[1]!,
    );
    const simulated = greedyCosts(inUse, greedySubset(scaled(inUse))).map(({ bits }) => bits);
    expect(listed).toHaveLength(simulated.length);
    listed.forEach((bits, row) => {
      expect(Math.abs(bits - simulated[row]!)).toBeLessThan(3);
    });
  });

  it('agree with the counts of the review: 72% of the unknowns, free of noise with 2^-68', () => {
    const subset = randomSubset(before);
    expect(subset.unknowns).toBeCloseTo(0.724, 3);
    expect(-before.blocks * Math.log2(1 - subset.samples)).toBeCloseTo(68.2, 1);
  });

  it('greedy subsets lie between random ones and the smallest that exist', () => {
    for (const instance of [inUse, before].map(scaled)) {
      const greedy = greedySubset(instance);
      // As many samples as unknowns.
      expect(greedy.samples * instance.samples).toBeCloseTo(greedy.unknowns * instance.unknowns, -2);
      expect(greedy.samples).toBeLessThan(randomSubset(instance).samples);
      expect(greedy.samples).toBeGreaterThan(smallestSubset(instance).samples);
    }
  });

  it('count by exact binomials', () => {
    expect(2 ** logBinomial(10, 4)).toBeCloseTo(210, 6);
    expect(logBinomial(7, 0)).toBe(0);
  });
});
