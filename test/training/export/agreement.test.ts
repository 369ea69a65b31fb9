import { expect, it } from 'vitest';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../../model/config.js';
import { compareLogits } from '../../../training/export/agreement.js';

const config: ModelConfig = {
  ...BERT_ARCHITECTURE,
  vocabularySize: 5,
  hiddenSize: 4,
  layers: 1,
  heads: 1,
  intermediateSize: 4,
  maxPositions: 8,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  labels: ['no', 'yes'],
};

it('compares more texts than a call takes arguments', () => {
  const texts = 200_000;
  const reference = Array.from({ length: texts }, () => [0, Math.log(3)]);
  const other = reference.map((logits, i) => (i === 7 ? [0, -Math.log(3)] : logits));
  const { sameAnswers, largestDifference, meanDifference } = compareLogits(config, reference, other);
  expect(sameAnswers).toBe(texts - 1);
  // 3/4 and 1/4
  expect(largestDifference).toBeCloseTo(0.5);
  expect(meanDifference).toBeCloseTo(0.5 / texts, 9);
});
