import { describe, expect, it } from 'vitest';
import { countInference } from '../../bench/counted.js';
import { byFunction, FUNCTION_NAMES } from '../../experiments/report/by-function.js';
import { METHODS } from '../../methods/index.js';

const TOKENS = 16;

describe('costs by function', () => {
  it.each(METHODS.map((method) => [method.name, method] as const))(
    'add up to the whole: %s',
    async (_, method) => {
      const schedule = method.learns === 'nothing' ? null : [TOKENS, 9];
      const figure = await countInference({
        model: 'bert-tiny',
        method,
        tokens: TOKENS,
        schedule,
        importantRatio: 0.5,
      });
      const parts = byFunction(figure, ({ bytes }) => bytes);
      expect(parts.map(({ name }) => name)).toEqual(FUNCTION_NAMES);
      expect(parts.reduce((sum, { value }) => sum + value, 0)).toBe(figure.bytes);
    },
  );

  it('count the best rows of a schedule as pruning', () => {
    const whole = {
      bytes: 10,
      protocols: [
        { name: 'keepBest', bytes: 3 },
        { name: 'shuffle', bytes: 2 },
      ],
    };
    const parts = byFunction(whole, ({ bytes }) => bytes);
    expect(parts.filter(({ value }) => value > 0)).toEqual([
      { name: 'prune', value: 3 },
      { name: 'other', value: 7 },
    ]);
  });
});
