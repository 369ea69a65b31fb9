import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { merged } from '../../config/extends.js';
import { ConfigError, loadRunConfig } from '../../config/load.js';
import { runConfigFromYaml } from './run-config-from-yaml.js';

const folder = mkdtempSync(join(tmpdir(), 'extends-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'base'));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** Configurations written out, as they were before they shared a base. */
const WRITTEN_OUT = {
  'minilm-rte': `
name: minilm-rte
task: rte
precision: bf16
model: { checkpoint: sentence-transformers/all-MiniLM-L6-v2, maxTokens: 160 }
batch: { tokens: 2048, examples: 32 }
phases:
  dense: { epochs: 5, learningRate: 5.0e-5 }
  soft: { epochs: 2, learningRate: 3.0e-5, thresholdLearningRate: 0.02 }
  hard: { epochs: 1.5, learningRate: 2.0e-5 }
masks:
  mode: prune-reduce
  keep: 0.43
  alpha: 0.1
  temperature: { value: 0.5, final: 0.05 }
  initial: { keepFirst: 0.98, keepLast: 0.5 }
distillation: { weight: 0.7 }
output: runs/minilm-rte
`,
  'bert-base-mrpc': `
name: bert-base-mrpc
task: mrpc
precision: bf16
model: { checkpoint: google-bert/bert-base-uncased, maxTokens: 128 }
batch: { tokens: 2048, examples: 32 }
phases:
  dense: { epochs: 3, learningRate: 3.0e-5 }
  soft: { epochs: 3, learningRate: 2.0e-5, thresholdLearningRate: 0.05 }
  hard: { epochs: 3, learningRate: 2.0e-5 }
masks: { mode: prune-reduce, keep: 0.45, temperature: { value: 0.5, final: 0.25 } }
distillation: { weight: 0.7 }
output: runs/bert-base-mrpc
`,
};

describe('extends', () => {
  it.each(Object.entries(WRITTEN_OUT))('says of %s what it said written out', async (name, text) => {
    expect(await loadRunConfig(`configs/${name}.yaml`)).toEqual(runConfigFromYaml(text, name));
  });

  it('merges groups, replaces lists and plain values, and changes neither side', () => {
    const base = { a: { b: 1, c: [1, 2] }, d: 1 };
    const own = { a: { c: [3], e: { f: null } }, d: { g: 2 } };
    expect(merged(base, own)).toEqual({ a: { b: 1, c: [3], e: { f: null } }, d: { g: 2 } });
    expect([base, own]).toEqual([
      { a: { b: 1, c: [1, 2] }, d: 1 },
      { a: { c: [3], e: { f: null } }, d: { g: 2 } },
    ]);
  });

  it('goes over several files, by folders of their own, below --set', async () => {
    write('base/one.yaml', 'task: rte\nmodel: { checkpoint: a/b, dropout: 0.3 }\n');
    write('base/two.yaml', 'extends: one.yaml\nmasks: { keep: 0.5 }\n');
    const file = write('three.yaml', 'extends: base/two.yaml\nname: three\nmodel: { maxTokens: 99 }\n');
    const config = await loadRunConfig(file, ['masks.keep=0.7']);
    expect(config).toMatchObject({
      name: 'three',
      task: 'rte',
      model: { checkpoint: 'a/b', dropout: 0.3, maxTokens: 99 },
      masks: { keep: 0.7 },
    });
    expect(config).not.toHaveProperty('extends');
  });

  it.each([
    ['round', 'extends: again.yaml\n', /in a circle: .*round\.yaml → .*again\.yaml → .*round\.yaml/],
    ['lost', 'extends: nowhere.yaml\n', /nowhere\.yaml, which .*lost\.yaml extends: ENOENT/],
    ['many', 'extends: [a.yaml]\n', /many\.yaml: extends: expected the name of one file, got \["a\.yaml"\]/],
    ['garbled', 'a: [\n', /garbled\.yaml: not YAML/],
  ])('refuses %s', async (name, text, message) => {
    write('again.yaml', 'extends: round.yaml\n');
    const file = write(`${name}.yaml`, text);
    await expect(loadRunConfig(file)).rejects.toThrow(ConfigError);
    await expect(loadRunConfig(file)).rejects.toThrow(message);
  });
});
