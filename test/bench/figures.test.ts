import { describe, expect, it } from 'vitest';
import { benchKernels } from '../../bench/kernels.js';
import { runPair } from '../../bench/pair.js';
import { benchProtocols } from '../../bench/protocols.js';
import { availableIsas } from '../support/isa.js';

describe('bench kernels', () => {
  it('has a figure for every instruction set, with its ratio to the bound', async () => {
    const figures = [];
    for await (const figure of benchKernels(['ring add'])) figures.push(figure);
    expect(figures.map(({ isa }) => isa).sort()).toEqual(availableIsas.map(({ name }) => name).sort());
    for (const { rate, bound, ratio, unit } of figures) {
      expect(ratio).toBeCloseTo(rate / bound, 1);
      expect(unit).toBe('elements/s');
    }
  });
});

describe('bench protocols', () => {
  it('runs both parties as processes and counts bytes of both directions, rounds and COTs', async () => {
    const progress: string[] = [];
    const figures = await benchProtocols({
      names: ['shuffle', 'widen'],
      network: 'loopback',
      cots: 'softspoken',
      onProgress: (text) => progress.push(text),
    });
    expect(progress).toEqual(['widen', 'shuffle']);
    const shuffle = figures.find(({ name }) => name === 'shuffle')!;
    // Two row matrices and the OTs; a batch of COTs may fall into the runs that are counted.
    expect(shuffle.bytes).toBeGreaterThanOrEqual(1_679_680);
    expect(shuffle.bytes).toBeLessThan(4e6);
    expect(shuffle).toMatchObject({ cots: 2 * 128 * 7 });
    expect(shuffle.rounds).toBeLessThanOrEqual(4);
  });

  it('ends with the error of a party that fails', async () => {
    const failing = runPair({
      job: 'nothing',
      parameters: null,
      network: 'loopback',
      onProgress: () => undefined,
    });
    await expect(failing).rejects.toThrow(/: expected one of .*protocols.*, got nothing/);
  });
});
