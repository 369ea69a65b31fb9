import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadSplit } from '../../../data/sources/load.js';
import { splitmix32 } from '../../../util/splitmix32.js';
import { evaluate } from '../../../experiments/evaluate/evaluation.js';
import { CleartextClassifier } from '../../../inference/run/cleartext-classifier.js';
import { readArtifact, writeArtifact } from '../../../model/artifact/artifact-file.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { exportArtifact } from '../../../training/export/export.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import { temporaryRuns } from './tiny-runs.js';

const { inFolder, train } = temporaryRuns();

/** Sentences whose number is 100 and 40 more for every "good", less for every "bad". */
function sentences(count: number): string {
  const random = splitmix32(7);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)]!;
  const rows = Array.from({ length: count }, () => {
    const words = Array.from({ length: 5 }, () => pick(['good', 'bad', 'the', 'a', 'film', 'plot']));
    const value = words.reduce((sum, word) => sum + (word === 'good' ? 40 : word === 'bad' ? -40 : 0), 100);
    return `${words.join(' ')},${value}`;
  });
  return ['text,stars', ...rows, ''].join('\n');
}

describe('a regression', () => {
  it('is learned in its own units, and its artifact gives the same numbers', async () => {
    mkdirSync(inFolder(), { recursive: true });
    writeFileSync(inFolder('stars.csv'), sentences(1500));
    const { evaluation, recorder, config } = await train('stars', {
      task: { name: 'stars', problem: 'regression', columns: { text: 'text', label: 'stars' } },
      data: { source: 'files', train: inFolder('stars.csv') },
    });
    expect(recorder.steps[0]!.accuracy).toBeNull();
    expect(evaluation.metrics.pearson).toBeGreaterThan(0.9);
    expect(evaluation.loss).toBeLessThan(0.2);

    const checkpoint = await readCheckpoint(inFolder('stars', 'final'));
    expect(checkpoint.config).toMatchObject({ problem: 'regression', labels: ['stars'] });
    const columns = { text: 'text', textPair: null, label: 'stars' };
    expect(checkpoint.details!.task).toMatchObject({
      name: 'stars',
      pair: false,
      columns,
      metrics: ['pearson', 'spearman'],
    });
    const { train: examples } = await prepareRun(config);
    const fixedPoint = { ringBits: 37, fractionBits: 12 };
    const { artifact } = await exportArtifact(checkpoint, examples.slice(0, 100), {
      weightBits: 10,
      embeddingBits: 12,
      fixedPoint,
    });
    await writeArtifact(inFolder('artifact'), artifact);
    const { artifact: read } = await readArtifact(inFolder('artifact'));
    expect(read.public.task).toEqual(checkpoint.details!.task);

    const dataset = await loadSplit(config, 'dev');
    const classifier = await CleartextClassifier.open(inFolder('artifact'));
    const part = { ...dataset, examples: dataset.examples.slice(0, 40) };
    const inClear = await evaluate({ dataset: part, classifier, onPrediction: () => undefined });
    expect(inClear.metrics.pearson).toBeGreaterThan(0.9);
    const { probabilities, labelName, logits } = await classifier.classify('good good the film a');
    expect(probabilities).toEqual([]);
    expect(labelName).toBe(logits![0]!.toFixed(3));
    expect(Math.abs(logits![0]! - 180)).toBeLessThan(40);
  });
});
