/** What methods cost beside each other, counted with 128 tokens: the order that CipherPrune's Table 1 has. */
import { describe, expect, it } from 'vitest';
import { type CountedFigure, countInference } from '../../bench/counted.js';
import { type ModelName, parseSchedule } from '../../bench/model-sizes.js';
import { methodNamed } from '../../methods/index.js';

const TOKENS = 128;

function counted(name: string, model: ModelName): Promise<CountedFigure> {
  const method = methodNamed(name);
  const schedule = method.learns === 'nothing' ? null : parseSchedule('paper', model, TOKENS);
  return countInference({ model, method, tokens: TOKENS, schedule, importantRatio: 0.5 });
}

describe('bytes of a text', () => {
  it('fall from IRON to CipherPrune as published, on BERT-base', async () => {
    const order = ['iron', 'bolt-no-we', 'bolt', 'cipherprune-prune', 'cipherprune'];
    const bytes: number[] = [];
    for (const name of order) bytes.push((await counted(name, 'bert-base')).bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
    // Word elimination halves BOLT (published: 59.6 and 25.7 GB), and learned pruning halves it again at least.
    const [iron, whole, half, pruned] = bytes as [number, number, number, number, number];
    expect(iron / whole).toBeGreaterThan(3);
    expect(whole / half).toBeGreaterThan(1.9);
    expect(half / pruned).toBeGreaterThan(2);
  });

  it('fall by a fifth where half of the kept tokens have linear layers alone', async () => {
    const [linear, pruned] = [
      await counted('cipherprune-linear', 'bert-base'),
      await counted('cipherprune-prune', 'bert-base'),
    ];
    expect(linear.bytes / pruned.bytes).toBeLessThan(0.8);
    // Scores are compared with second thresholds, which pruning alone does not have.
    expect(linear.rounds).toBeLessThan(1.02 * pruned.rounds);
  });

  it('are fewer by every rule that lets tokens leave, and by a low degree that is low', async () => {
    for (const [less, more] of [
      ['puma-prune', 'puma'],
      ['bumblebee-prune', 'bumblebee'],
      ['mpcformer-prune', 'mpcformer'],
      ['cipherprune-linear', 'cipherprune-quad'],
      ['cipherprune-quad', 'cipherprune-quad-softmax'],
      ['cipherprune-quad-softmax', 'cipherprune'],
    ] as const)
      expect((await counted(less, 'bert-mini')).bytes, less).toBeLessThan(
        (await counted(more, 'bert-mini')).bytes,
      );
  });
});
