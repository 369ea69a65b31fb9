import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadRunConfig } from '../../config/load.js';
import { runConfigFromYaml } from './run-config-from-yaml.js';

const minimal = 'name: a\ntask: sst2\nmodel: { checkpoint: some/model }\n';
const read = (text: string, ...overrides: string[]) => runConfigFromYaml(text, 'test.yaml', overrides);

describe('run configuration', () => {
  it('fills in defaults and freezes the result', () => {
    const config = read(minimal);
    expect(config.phases.soft.thresholdLearningRate).toBe(0.02);
    expect(config.masks.temperature).toEqual({ rule: 'spread', value: 0.5, final: null });
    expect(Object.isFrozen(config.masks.temperature)).toBe(true);
  });

  it('keeps what the file says beside the defaults of the same group', () => {
    const config = read(`${minimal}masks: { lambda: 0.1 }\nphases: { soft: { epochs: 3 } }\n`);
    expect(config.masks.lambda).toBe(0.1);
    expect(config.masks.alpha).toBe(0.5);
    expect(config.phases.soft.epochs).toBe(3);
    expect(config.phases.hard.epochs).toBe(1);
  });

  it('applies overrides as YAML values, also in groups that the file does not name', () => {
    const config = read(
      minimal,
      'masks.lambda=0.25',
      'masks.temperature.final=0.1',
      'data.trainLimit=null',
      'task=rte',
    );
    expect(config.masks.lambda).toBe(0.25);
    expect(config.masks.temperature.final).toBe(0.1);
    expect(config.data.trainLimit).toBeNull();
    expect(config.task).toBe('rte');
  });

  it.each([
    [['masks.lamda=1'], /unknown key masks\.lamda; known here: mode, .*lambda/],
    [['nonsense'], /expected key=value/],
    [['task.x=1'], /unknown key task\.x; known here: nothing below it/],
    [['constructor=1'], /unknown key constructor/],
    [['__proto__.x=1'], /unknown key __proto__/],
    [['task=squad'], /test\.yaml: task: .*sst2/],
    [['masks.lambda=-1'], /masks\.lambda/],
    [['masks.lambda=[1'], /not YAML/],
    [['masks.keep=[1,0.5,2]'], /masks\.keep\.2: .*<=1/],
    [['masks.keep=most'], /masks\.keep: expected a share from 0 to 1, or a list/],
    [['masks.keep=[0.5,0.9]'], /masks\.keep: expected shares that do not rise with depth/],
    [['model.checkpoint=null'], /model\.checkpoint/],
  ])('refuses %j', (overrides, message) => {
    expect(() => read(minimal, ...overrides)).toThrow(ConfigError);
    expect(() => read(minimal, ...overrides)).toThrow(message);
  });

  it('names an unknown key of the file with its path and neighbours', () => {
    expect(() => read(`${minimal}masks: { temperature: { valeu: 1 } }\n`)).toThrow(
      /test\.yaml: unknown key masks\.temperature\.valeu; known here: rule, value, final/,
    );
  });

  it('wants one source of weights', () => {
    expect(() => read('name: a\ntask: sst2\nmodel: {}\n')).toThrow(/exactly one of architecture/);
  });

  it('refuses a missing file and a file that is no mapping', async () => {
    await expect(loadRunConfig('nowhere.yaml')).rejects.toThrow(/nowhere\.yaml/);
    expect(() => read('- 1\n')).toThrow(/expected a mapping/);
  });

  it.each(readdirSync('configs').filter((name) => name.endsWith('.yaml')))('%s is valid', async (name) => {
    expect((await loadRunConfig(`configs/${name}`)).name).toBe(name.replace('.yaml', ''));
  });
});
