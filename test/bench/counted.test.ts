import { expect, it } from 'vitest';
import { countInference } from '../../bench/counted.js';
import { benchInference } from '../../bench/inference.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { LineSpeed } from '../../inference/core/line-speed.js';
import { methodNamed } from '../../methods/index.js';

/** The client's request for a text, which the bench does without. */
const REQUEST_BYTES = 8;

const counted = { model: 'bert-tiny', tokens: 16, importantRatio: 0.5 } as const;

interface Run {
  readonly name: string;
  readonly cots?: CotKind;
  readonly line?: LineSpeed;
  readonly checks?: boolean;
  readonly residentWeights?: boolean;
}

const runs: readonly Run[] = [
  { name: 'bolt' },
  { name: 'mpcformer' },
  { name: 'mpcformer', cots: 'ferret' },
  { name: 'mpcformer', checks: true },
  { name: 'mpcformer', cots: 'ferret', line: 'slow', checks: true },
  { name: 'mpcformer', cots: 'ferret', residentWeights: true },
  { name: 'mpcformer', cots: 'ferret', line: 'slow', residentWeights: true },
];

it.each(runs)(
  'counts the bytes and rounds of a run: %o',
  async ({ name, cots = 'softspoken', line = 'fast', checks = false, residentWeights = false }) => {
    const method = methodNamed(name);
    const run = await benchInference({
      ...counted,
      method,
      schedule: null,
      network: 'loopback',
      cots,
      line,
      checks,
      preprocess: false,
      residentWeights,
      batch: 1,
      texts: 1,
      check: false,
      seed: 1,
      onProgress: () => undefined,
    });
    const figure = await countInference({
      ...counted,
      method,
      schedule: null,
      cots,
      line,
      checks,
      residentWeights,
    });
    expect(figure.rounds).toBe(run.rounds);
    expect(figure.bytes).toBe(run.bytes + REQUEST_BYTES);
    expect(figure.residentWeights?.keptBytes).toBe(run.residentWeights?.keptBytes);
    expect(figure.protocols.find((protocol) => protocol.name === 'softmax')?.bytes).toBe(
      run.protocols.find((protocol) => protocol.name === 'softmax')?.bytes,
    );
  },
);

it('keeps all tokens in high degree where a method only prunes', async () => {
  const schedule = [16, 8];
  const of = (name: string, importantRatio: number) =>
    countInference({ ...counted, importantRatio, method: methodNamed(name), schedule });
  const [whole, half] = [await of('cipherprune', 1), await of('cipherprune', 0.5)];
  const only = await of('cipherprune-prune', 0.5);
  expect(half.bytes).toBeLessThan(only.bytes);
  expect(only.bytes).toBe(whole.bytes);
});

it('lays out ciphertexts by the line, and changes nothing else', async () => {
  const of = (line: LineSpeed, cots: CotKind) =>
    countInference({
      ...{ model: 'bert-base', tokens: 32, importantRatio: 0.5, line, cots },
      ...{ method: methodNamed('cipherprune-prune'), schedule: [32, 24, 16, 12, 8, 4, 2, 2, 2, 1, 1, 1] },
    });
  for (const cots of ['softspoken', 'ferret'] as const) {
    const [fast, slow] = [await of('fast', cots), await of('slow', cots)];
    expect(slow.bytes).toBeLessThan(0.97 * fast.bytes);
    expect(slow.rounds).toBe(fast.rounds);
    expect(slow.estimatedSeconds.wan).toBeLessThan(fast.estimatedSeconds.wan + 0.5);
    expect(slow.correlatedOts).toBe(fast.correlatedOts);
  }
});

it('asks for no probabilities of a single token', async () => {
  const behind = (tokens: number) =>
    countInference({
      ...counted,
      model: 'bert-mini',
      method: methodNamed('cipherprune'),
      schedule: [16, 2, tokens, tokens],
    });
  const [one, two] = [await behind(1), await behind(2)];
  // The last layer: a product, a maximum, e^x, a sum, its reciprocal and two products with it follow each other.
  expect(one.layers[3]!.rounds).toBeLessThanOrEqual(two.layers[3]!.rounds - 6);
  const bytes = ({ protocols }: typeof one, name: string) =>
    protocols.find((protocol) => protocol.name === name)!.bytes;
  expect(bytes(one, 'softmax')).toBeLessThan(bytes(two, 'softmax'));
});
