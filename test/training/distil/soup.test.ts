import { describe, expect, it } from 'vitest';
import type { Checkpoint, CheckpointDetails } from '../../../model/checkpoint/checkpoint.js';
import { namedTask } from '../../../model/task.js';
import { soup } from '../../../training/distil/soup.js';
import { randomParameters, smallConfig } from '../fixtures.js';

const details: CheckpointDetails = {
  task: namedTask('sst2'),
  maxTokens: 12,
  prunes: true,
  reduces: false,
  thresholds: [0.25, 0.75, 0].map((prune) => ({ prune, reduce: 2 * prune })),
};

const checkpoint = (seed: number, changes: Partial<Checkpoint> = {}): Checkpoint => ({
  config: smallConfig,
  tensors: randomParameters(smallConfig, seed),
  tokenizerFiles: { 'vocab.txt': '[PAD]' } as unknown as Checkpoint['tokenizerFiles'],
  details,
  ignored: [],
  missing: [],
  ...changes,
});

const of = (...checkpoints: Checkpoint[]) =>
  soup(checkpoints.map((each, i) => ({ from: `run-${i}`, checkpoint: each })));

describe('soup', () => {
  it('has the mean of all weights and thresholds, and leaves the models alone', () => {
    const doubled = details.thresholds!.map(({ prune, reduce }) => ({
      prune: 2 * prune,
      reduce: 4 * reduce,
    }));
    const all = [
      checkpoint(1),
      checkpoint(2),
      checkpoint(3, { details: { ...details, thresholds: doubled } }),
    ];
    const before = all.map(({ tensors }) => structuredClone(tensors));
    const mean = of(...all);
    for (const [name, { shape, values }] of mean.tensors) {
      const parts = all.map(({ tensors }) => tensors.get(name)!);
      expect(shape).toEqual(parts[0]!.shape);
      values.forEach((value, i) => {
        expect(value).toBeCloseTo(parts.reduce((sum, part) => sum + part.values[i]!, 0) / 3, 6);
      });
    }
    expect(mean.tensors.size).toBe(all[0]!.tensors.size);
    mean.details!.thresholds!.forEach(({ prune, reduce }, layer) => {
      const own = details.thresholds![layer]!;
      expect(prune).toBeCloseTo((4 / 3) * own.prune, 12);
      expect(reduce).toBeCloseTo(2 * own.reduce, 12);
    });
    expect(all.map(({ tensors }) => tensors)).toEqual(before);
  });

  it('of dense models has no thresholds', () => {
    const dense = { details: { ...details, prunes: false, thresholds: null } };
    expect(of(checkpoint(1, dense), checkpoint(2, dense)).details).toEqual(dense.details);
  });

  it.each([
    ['one model', [checkpoint(1)], /expected two models or more, got 1/],
    [
      'an untrained one',
      [checkpoint(1), checkpoint(2, { details: null })],
      /run-1: expected a trained model/,
    ],
    [
      'another task',
      [checkpoint(1), checkpoint(2, { details: { ...details, task: namedTask('rte') } })],
      /run-1: expected a pruned model for sst2 with 3 layers of 16, got a pruned model for rte/,
    ],
    [
      'other masks',
      [checkpoint(1), checkpoint(2, { details: { ...details, reduces: true } })],
      /run-1: expected a pruned model for sst2 .*, got a pruned and reduced model/,
    ],
    [
      'another architecture',
      [checkpoint(1), checkpoint(2, { config: { ...smallConfig, intermediateSize: 48 } })],
      /run-1: expected the architecture, labels and word pieces of run-0/,
    ],
  ])('refuses %s', (_, checkpoints, message) => {
    expect(() => of(...checkpoints)).toThrow(message);
  });
});
