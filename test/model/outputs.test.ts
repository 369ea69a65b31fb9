import { describe, expect, it } from 'vitest';
import { BERT_ARCHITECTURE, type ModelConfig, type Problem } from '../../model/config.js';
import { answerText, givenLabels, outcomeOf, probabilitiesOf } from '../../model/outputs.js';

const config = (problem: Problem, labels: readonly string[]): ModelConfig => ({
  ...BERT_ARCHITECTURE,
  problem,
  vocabularySize: 1,
  hiddenSize: 1,
  layers: 1,
  heads: 1,
  intermediateSize: 1,
  maxPositions: 1,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  labels,
});

describe('outputs', () => {
  it('of classes are one distribution', () => {
    const probabilities = probabilitiesOf('classes', [Math.log(1), Math.log(3), 0]);
    expect(probabilities.map((p) => Math.round(p * 1000))).toEqual([200, 600, 200]);
    expect(answerText(config('classes', ['a', 'b', 'c']), outcomeOf([0, 1, -1]))).toBe('b');
  });

  it('of labels are one probability each, and several or none are given', () => {
    const [even, certain, none] = probabilitiesOf('multi-label', [0, Math.log(3), -800]);
    expect([even, certain, none]).toEqual([0.5, expect.closeTo(0.75, 12), 0]);
    const labels = config('multi-label', ['late', 'broken', 'rude']);
    expect(answerText(labels, outcomeOf([1, -1, 2]))).toBe('late, rude');
    expect(givenLabels([1, -1, 2])).toEqual([0, 2]);
    expect(answerText(labels, outcomeOf([-1, -1, -2]))).toBe('none');
  });

  it('of a regression is a number, which is no probability', () => {
    expect(probabilitiesOf('regression', [3.25])).toEqual([]);
    expect(answerText(config('regression', ['stars']), outcomeOf([3.25]))).toBe('3.250');
  });
});
