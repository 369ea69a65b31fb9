/** A checkpoint from elsewhere gets its task and the names of its classes from the user. */
import { describe, expect, it } from 'vitest';
import { parseLabelMap } from '../../../model/label-map.js';
import { stateOfCheckpoint } from '../../../training/network/model-state.js';
import { withDetails, withTask } from '../../../training/export/name-task.js';
import { familyCases, familyTensors } from '../../model/families/family-checkpoints.js';
import { readFamily } from '../../model/families/read-family.js';

const family = familyCases.find(({ family }) => family === 'distilbert')!;
const stored = familyTensors(family);

const foreign = (labels: string[]) => {
  const checkpoint = readFamily(family, stored);
  return { ...checkpoint, config: { ...checkpoint.config, labels, problem: 'classes' as const } };
};

describe('a task that is named at export', () => {
  it("of GLUE's names its classes, whose order stays, and says that it reads one text", () => {
    const { config, details } = withTask(foreign(['Positive', 'NEGATIVE']), 'sst2', null);
    expect(config.labels).toEqual(['positive', 'negative']);
    expect(details).toMatchObject({
      task: { name: 'sst2', pair: false, metrics: ['accuracy'] },
      prunes: false,
    });
  });

  it('wants to be told where the names say nothing', () => {
    const unnamed = foreign(['LABEL_0', 'LABEL_1']);
    expect(() => withTask(unnamed, 'sst2', null)).toThrow(
      /names say nothing; .*--label-map LABEL_0=negative/,
    );
    const said = parseLabelMap('LABEL_1=negative,LABEL_0=positive');
    expect(withTask(unnamed, 'sst2', said).config.labels).toEqual(['positive', 'negative']);
  });

  it('is refused where the model is not one for it', () => {
    expect(() => withTask(foreign(['negative', 'neutral', 'positive']), 'sst2', null)).toThrow(
      /classes negative, positive alone, got one with negative, neutral, positive/,
    );
    expect(() => withTask(foreign(['a', 'b']), 'stsb', null)).toThrow(
      /model of regression, got one of classes/,
    );
  });

  it('may have any name, and classes may be named without one', () => {
    const said = parseLabelMap('LABEL_0=billing,LABEL_1=other');
    const named = withTask(foreign(['LABEL_0', 'LABEL_1']), 'queues', said);
    expect(named.config.labels).toEqual(['billing', 'other']);
    expect(named.details).toMatchObject({ task: { name: 'queues', pair: null } });
    expect(withTask(foreign(['LABEL_0', 'LABEL_1']), undefined, said).details).toBeNull();
  });

  it('leaves the longest input as it was', () => {
    const plain = foreign(['negative', 'positive']);
    const before = stateOfCheckpoint(plain).maxTokens;
    expect(withTask(plain, 'sst2', null).details!.maxTokens).toBe(before);
    expect(withDetails(plain, { maxTokens: 7 }).details!.maxTokens).toBe(7);
  });
});
