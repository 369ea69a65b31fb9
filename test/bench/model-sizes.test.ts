import { describe, expect, it } from 'vitest';
import {
  leavingCounts,
  MODEL_NAMES,
  modelConfigOf,
  modelNameOf,
  parseSchedule,
} from '../../bench/model-sizes.js';

describe('model sizes', () => {
  it('knows the family with and without its first name', () => {
    expect(modelNameOf('base')).toBe('bert-base');
    expect(modelNameOf('bert-tiny')).toBe('bert-tiny');
    expect(modelNameOf('gpt')).toBeNull();
    expect(modelConfigOf('bert-base')).toMatchObject({ layers: 12, heads: 12, intermediateSize: 3072 });
    expect(modelConfigOf('bert-tiny')).toMatchObject({ layers: 2, heads: 2, hiddenSize: 128 });
    expect(modelNameOf('minilm')).toBe('minilm');
    expect(modelConfigOf('minilm')).toMatchObject({ layers: 6, heads: 12, intermediateSize: 1536 });
  });
});

describe('schedules', () => {
  it('adds up to the published 430 token-layers of BERT-base', () => {
    const schedule = parseSchedule('paper', 'bert-base', 128)!;
    expect(schedule.reduce((a, b) => a + b)).toBe(430);
  });

  it.each(MODEL_NAMES)('has one number a layer for %s, falling, at any length', (name) => {
    for (const tokens of [8, 128, 512]) {
      const schedule = parseSchedule('paper', name, tokens)!;
      expect(schedule.length).toBe(modelConfigOf(name).layers);
      expect(schedule[0]).toBe(tokens);
      schedule.forEach((kept, layer) => {
        expect(kept).toBeGreaterThanOrEqual(1);
        if (layer > 0) expect(kept).toBeLessThanOrEqual(schedule[layer - 1]!);
      });
    }
  });

  it('reads lists and continues short ones', () => {
    expect(parseSchedule('512-220-100-20', 'bert-mini', 512)).toEqual([512, 220, 100, 20]);
    expect(parseSchedule('32-30-20', 'bert-mini', 32)).toEqual([32, 30, 20, 20]);
    // Without the text's length, a list begins with what the first layer leaves.
    expect(parseSchedule('30-20', 'bert-mini', 32)).toEqual([32, 30, 20, 20]);
    expect(parseSchedule('30-20-10-5', 'bert-mini', 32)).toEqual([32, 30, 20, 10]);
    expect(parseSchedule('none', 'bert-mini', 32)).toBeNull();
  });

  it('says what leaves each layer: what the next one computes on', () => {
    expect(leavingCounts([32, 30, 20, 10])).toEqual([30, 20, 10, 10]);
  });

  it.each(['', 'most', '40', '10-20', '5-4-3-2-1', '32-8-4-2-1', '8-0', '8-2.5'])('refuses %j', (text) => {
    expect(() => parseSchedule(text, 'bert-mini', 32)).toThrow(/schedule: expected/);
  });
});
