import { describe, expect, it } from 'vitest';
import { mapLabels, matchLabels, parseLabelMap, renameLabels } from '../../model/label-map.js';

describe('classes of a model and of data', () => {
  it('are matched by name, whatever their order and spelling', () => {
    expect(matchLabels(['POSITIVE', 'negative'], ['negative', 'positive'])).toEqual([1, 0]);
    expect(matchLabels(['not entailment', 'entailment'], ['entailment', 'not_entailment'])).toEqual([1, 0]);
    expect(matchLabels(['LABEL_0', 'LABEL_1'], ['negative', 'positive'])).toBeNull();
    expect(matchLabels(['a', 'b', 'c'], ['a', 'b'])).toBeNull();
  });

  it('may be more in the model, and are said where names differ', () => {
    expect(mapLabels(['neutral', 'positive', 'negative'], ['negative', 'positive'])).toEqual([null, 1, 0]);
    const said = parseLabelMap('neutral=not_entailment, contradiction=not_entailment');
    const three = ['contradiction', 'entailment', 'neutral'];
    expect(mapLabels(three, ['entailment', 'not_entailment'], said)).toEqual([1, 0, 1]);
  });

  it('are never guessed', () => {
    expect(() => mapLabels(['LABEL_0', 'LABEL_1'], ['negative', 'positive'])).toThrow(
      /got one with LABEL_0, LABEL_1, whose names say nothing; .*--label-map LABEL_0=negative,LABEL_1=positive/,
    );
    expect(() => mapLabels(['a', 'b'], ['a', 'c'], parseLabelMap('b=d'))).toThrow(
      /class of the data, a, c, got d/,
    );
    expect(() => mapLabels(['a', 'b'], ['a', 'c'], parseLabelMap('x=c'))).toThrow(
      /class of the model, a, b, got x/,
    );
    for (const text of ['', 'a', 'a=', '=b', 'a=b,a=c'])
      expect(() => parseLabelMap(text)).toThrow(/expected/);
  });

  it('may get other names, each its own', () => {
    const said = parseLabelMap('LABEL_0=negative,LABEL_2=positive');
    const three = ['LABEL_0', 'LABEL_1', 'LABEL_2'];
    expect(renameLabels(three, said)).toEqual(['negative', 'LABEL_1', 'positive']);
    expect(renameLabels(three, null)).toEqual(three);
    expect(() => renameLabels(['a', 'b'], parseLabelMap('a=b'))).toThrow(/different names, got b, b/);
    expect(() => renameLabels(['a', 'b'], parseLabelMap('c=d'))).toThrow(/class of the model, a, b, got c/);
  });
});
