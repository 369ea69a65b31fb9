import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { readCorpus } from '../../../experiments/fuzz/corpus.js';
import { Coverage } from '../../../experiments/fuzz/coverage.js';
import { fuzz } from '../../../experiments/fuzz/fuzz.js';
import { isRefusal, type Target } from '../../../experiments/fuzz/target.js';
import { fuzzTargets } from '../../../experiments/fuzz/targets.js';

const targets = await fuzzTargets(tinyArtifact({ seed: 1 }));
const CORPUS = join('test', 'fixtures', 'fuzz');

describe('what reads bytes from others', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    '%s: reads or refuses',
    async (name, target) => {
      for (const valid of target.corpus) await target.read(valid);
      for (const no of target.refusals ?? []) await expect(target.read(no)).rejects.toSatisfy(isRefusal);
      const known = await readCorpus(CORPUS, name);
      const inputs = known.length + 400;
      const { refused, findings } = await fuzz(target, { inputs, seed: 20_261_129, known });
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
    expect(isRefusal(new TypeError('x'))).toBe(false);
    expect((await fuzz(careless, { inputs: 200, seed: 1 })).findings.length).toBeGreaterThan(0);
  });
});

describe('coverage', () => {
  const counted = globalThis as { __coverage__?: unknown };
  afterEach(() => {
    delete counted.__coverage__;
  });

  it('leads through four steps that blind changes do not find', async () => {
    const statements = { 0: 0, 1: 0, 2: 0, 3: 0 };
    counted.__coverage__ = { 'steps.ts': { s: statements, b: {} } };
    const steps: Target = {
      name: 'steps',
      corpus: [new Uint8Array(8)],
      read(bytes) {
        const last = [0x7, 0x2, 0x9, 0xe].findIndex((low, i) => (bytes[i] ?? 0) % 16 !== low);
        for (let i = 0; i < (last === -1 ? 4 : last); i++) statements[i as 0]++;
        if (last === -1) throw new TypeError('the last step');
      },
    };
    const options = { inputs: 60_000, seed: 3 };
    expect((await fuzz(steps, options)).findings).toEqual([]);
    const { findings, kept } = await fuzz(steps, { ...options, coverage: new Coverage() });
    expect(findings.length).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThanOrEqual(3);
  });

  it('wants something that counts', () => {
    expect(() => new Coverage()).toThrow(/instrumented/);
  });
});
