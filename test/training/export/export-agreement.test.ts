import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';
import type { Checkpoint } from '../../../model/checkpoint/checkpoint.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../../model/config.js';
import { createTokenizer } from '../../../model/tokenizer/tokenizer.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';
import { useBackend } from '../../../training/backend/setup.js';
import { predict } from '../../../training/evaluate/predict.js';
import { exportArtifact } from '../../../training/export/export.js';
import { randomParameters } from '../fixtures.js';

const words = ['the', 'film', 'is', 'dull', 'but', 'warm', 'and', 'funny', 'not', 'great', 'plot', 'ends'];
const tokenizerFiles = tokenizerFilesFromVocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words]);

const config: ModelConfig = {
  ...BERT_ARCHITECTURE,
  vocabularySize: words.length + 5,
  hiddenSize: 32,
  layers: 3,
  heads: 2,
  intermediateSize: 64,
  maxPositions: 32,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  labels: ['negative', 'positive'],
};

const checkpoint: Checkpoint = {
  config,
  tensors: randomParameters(config, 11),
  tokenizerFiles,
  details: {
    task: null,
    maxTokens: 32,
    prunes: true,
    reduces: true,
    thresholds: [
      // No score of these texts lies within 0.03 of one.
      { prune: 0.6, reduce: 1.1 },
      { prune: 0.8, reduce: 1.3 },
      { prune: 0, reduce: 0 },
    ],
  },
  ignored: [],
  missing: [],
};

const texts = [
  'the film is dull',
  'not great but warm and funny and the plot ends',
  'funny',
  'the plot is warm but the film is not funny and not great and dull and dull',
];

let folder: string;
beforeAll(async () => {
  await useBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an exported artifact', () => {
  it('with a schedule keeps the best by rank in fixed point as in float, whatever the text', async () => {
    const tokenizer = createTokenizer(tokenizerFiles);
    const examples = texts.map((text, index) => {
      const { ids, tokenTypes } = tokenizer.encode(text, null, 32);
      return { index, ids: Int32Array.from(ids), types: Int32Array.from(tokenTypes), label: 0 };
    });
    const { artifact, state } = await exportArtifact(checkpoint, examples, {
      weightBits: 10,
      embeddingBits: 10,
      fixedPoint: { ringBits: 37, fractionBits: 12 },
      scheduleQuantile: 0.5,
    });
    const { schedule } = artifact.public;
    expect(schedule!.map(({ tokens }) => tokens)).toEqual([8, 16, 32]);
    await writeArtifact(join(folder, 'scheduled'), artifact);
    const classifier = await CleartextClassifier.open(join(folder, 'scheduled'));
    for (const [i, text] of texts.entries()) {
      const float = await predict(state, [examples[i]!], { prune: true });
      const fixed = await classifier.classify(text);
      const { length } = examples[i]!.ids;
      const counts = schedule!.find(({ tokens }) => tokens === fixed.bucket)!.layers;
      expect(fixed.layers.slice(0, -1).map(({ kept, important }) => ({ kept, important }))).toEqual(counts);
      counts.forEach(({ kept }, layer) => {
        expect(Math.round(float.keptRatio[layer]! * length)).toBe(Math.min(kept, length));
      });
      fixed.logits!.forEach((logit, label) => {
        expect(Math.abs(logit - float.logits![label]!), text).toBeLessThan(0.05);
      });
    }
  });

  it('gives in fixed point what the float encoder gives with the rounded weights: tokens kept, and logits', async () => {
    const tokenizer = createTokenizer(tokenizerFiles);
    const examples = texts.map((text, index) => {
      const { ids, tokenTypes } = tokenizer.encode(text, null, 32);
      return { index, ids: Int32Array.from(ids), types: Int32Array.from(tokenTypes), label: 0 };
    });
    const fixedPoint = { ringBits: 37, fractionBits: 12 };
    const { artifact, state } = await exportArtifact(checkpoint, examples, {
      weightBits: 10,
      embeddingBits: 10,
      fixedPoint,
    });
    await writeArtifact(join(folder, 'artifact'), artifact);
    const classifier = await CleartextClassifier.open(join(folder, 'artifact'));
    for (const [i, text] of texts.entries()) {
      const float = await predict(state, [examples[i]!], { prune: true });
      const fixed = await classifier.classify(text);
      const tokens = examples[i]!.ids.length;
      fixed.layers.slice(0, -1).forEach(({ kept, important }, layer) => {
        expect(kept, `${text}, layer ${layer}`).toBe(Math.round(float.keptRatio[layer]! * tokens));
        expect(important, `${text}, layer ${layer}`).toBe(Math.round(float.importantRatio[layer]! * tokens));
      });
      fixed.logits!.forEach((logit, label) => {
        expect(Math.abs(logit - float.logits![label]!)).toBeLessThan(0.05);
      });
    }
  });
});
