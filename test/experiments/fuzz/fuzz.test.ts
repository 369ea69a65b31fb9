import { describe, expect, it } from 'vitest';
import { fuzz } from '../../../experiments/fuzz/fuzz.js';
import { fuzzTargets, type Target } from '../../../experiments/fuzz/targets.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const targets = await fuzzTargets(tinyArtifact({ seed: 1 }));

describe('what reads bytes from others', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    '%s: reads or refuses',
    async (_, target) => {
      for (const valid of target.corpus) await target.read(valid);
      const { refused, findings } = await fuzz(target, 400, 20_261_129);
      expect(findings.map(({ fault }) => fault)).toEqual([]);
      expect(refused).toBeGreaterThan(40);
    },
  );

  it('would be found out: errors that are no refusal are faults', async () => {
    const careless: Target = {
      name: 'careless',
      corpus: [new TextEncoder().encode('{"a":[1]}')],
      read: (bytes) => JSON.parse(new TextDecoder().decode(bytes)).a.length,
    };
    expect((await fuzz(careless, 200, 1)).findings.length).toBeGreaterThan(0);
  });
});
