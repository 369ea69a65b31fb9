import { describe, expect, it } from 'vitest';
import { randomCase } from '../../bench/random-case.js';
import { compareModelInsecurely } from '../../inference/debug/compare-parties.js';

describe('both parties over random weights of real shapes', () => {
  it.each(['softspoken', 'ferret'] as const)(
    'agree with the cleartext after every operation (%s)',
    async (extension) => {
      const { artifact, text } = await randomCase({
        model: 'bert-tiny',
        tokens: 16,
        schedule: '10-5',
        importantRatio: 0.5,
        seed: 3,
      });
      const report = await compareModelInsecurely(artifact, text, { extension });
      expect(report.places.flatMap(({ mismatches }) => mismatches)).toEqual([]);
      expect(report.places.map(({ place }) => place)).toEqual(
        expect.arrayContaining(['layer0', 'layer1', 'classifier']),
      );
      // What other operations may differ in, `mismatches` knows: e^x by two units, once in many runs.
      const truncated = report.places.map(({ differences }) => differences.truncateReduce ?? 0);
      expect(Math.max(...truncated)).toBe(1);
      expect(Math.abs(report.layers[0]!.kept - 10)).toBeLessThanOrEqual(1);
      report.logits.forEach((logit, label) => {
        expect(Math.abs(logit - report.cleartextLogits[label]!)).toBeLessThan(0.05);
      });
    },
  );
});
