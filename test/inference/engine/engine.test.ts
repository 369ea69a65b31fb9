import { describe, expect, it } from 'vitest';
import { CleartextBackend, type Overflow } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { classify, type EngineResult } from '../../../inference/engine/classify.js';
import type { TokenInput } from '../../../inference/engine/embedding.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import type { Artifact } from '../../../model/artifact/artifact.js';
import { largestDifference } from '../functions/harness.js';
import { floatForward, randomInput, randomModel } from './random-model.js';

async function run(
  artifact: Artifact,
  input: TokenInput,
  bucket: number,
): Promise<EngineResult & { overflows: Overflow[]; leaks: string[] }> {
  const overflows: Overflow[] = [];
  const leaks: string[] = [];
  const mpc = new CleartextBackend({
    onOverflow: (overflow) => overflows.push(overflow),
    recordLeak: (name, to) => leaks.push(`${name} to ${to}`),
  });
  const model = await prepareModel(mpc, artifact.public, artifact.private);
  return { ...(await classify(mpc, model, input, bucket, FINEST_LOGITS)), overflows, leaks };
}

describe.each([
  { layers: 2, prunes: false, reduces: false },
  { layers: 3, prunes: true, reduces: false },
  { layers: 3, prunes: true, reduces: true },
  { layers: 1, prunes: true, reduces: true },
])('engine on the cleartext backend: %o', (options) => {
  const artifact = randomModel({ ...options, seed: 3 });

  it('comes close to the float forward pass, in any bucket', async () => {
    let compared = 0;
    for (let i = 0; i < 8; i++) {
      const input = randomInput(100 + i, 9 + (i % 3));
      const expected = floatForward(artifact, input);
      const small = await run(artifact, input, 16);
      const large = await run(artifact, input, 32);
      expect(small.overflows).toEqual([]);
      if (expected.margin < 0.02) continue;
      compared++;
      expect(largestDifference([...small.logits!], [...large.logits!])).toBeLessThan(0.06);
      expect(largestDifference([...small.logits!], expected.logits)).toBeLessThan(0.06);
      const padding = options.prunes || options.reduces ? 0 : 16 - input.ids.length;
      expect(small.layers.map(({ kept }) => kept)).toEqual(
        expected.kept.map((kept, l) => (l === options.layers - 1 ? 1 : kept + padding)),
      );
      if (options.reduces) expect(small.layers.map(({ important }) => important)).toEqual(expected.important);
    }
    expect(compared).toBeGreaterThan(2);
  });

  it('opens nothing but counts and the answer', async () => {
    const { leaks } = await run(artifact, randomInput(1, 10), 16);
    const opens = options.prunes || options.reduces ? options.layers - 1 : 0;
    const expected = Array.from({ length: opens }, () => [
      'kept-token-count to all',
      'important-token-count to all',
    ]).flat();
    expect(leaks).toEqual([...expected, 'label to client', 'logits to client']);
  });
});

it.each([0, -1, 2 ** -12])('refuses a first threshold of %d, which would keep padding', async (prune) => {
  const artifact = randomModel({ layers: 2, prunes: true, reduces: false, seed: 1 });
  const layers = artifact.private.layers.map((layer) => ({ ...layer, thresholds: { prune, reduce: 1 } }));
  const mpc = new CleartextBackend();
  await expect(prepareModel(mpc, artifact.public, { ...artifact.private, layers })).rejects.toThrow(
    /padding/,
  );
});

describe('a model that is made ready again, for another connection', () => {
  it('has the same joined matrices, not copies; another model has its own', async () => {
    const artifact = randomModel({ layers: 1, prunes: false, reduces: false, seed: 3 });
    const matrixOf = async (secret: Artifact['private']): Promise<Int16Array> => {
      const { layers } = await prepareModel(new CleartextBackend(), artifact.public, secret);
      return (layers[0]!.queryKeyValue as unknown as { readonly matrix: Int16Array }).matrix;
    };
    const first = await matrixOf(artifact.private);
    expect(await matrixOf(artifact.private)).toBe(first);
    const [layer] = artifact.private.layers;
    const key = {
      ...layer!.key,
      matrix: { ...layer!.key.matrix, values: layer!.key.matrix.values.map((w) => w + 1) },
    };
    const other = await matrixOf({ ...artifact.private, layers: [{ ...layer!, key }] });
    expect(other).not.toEqual(first);
    const { inputs, outputs } = key.matrix;
    const ofKey = (row: number): Int16Array =>
      other.subarray((3 * row + 1) * outputs, (3 * row + 2) * outputs);
    for (let row = 0; row < inputs; row++)
      expect(ofKey(row)).toEqual(key.matrix.values.subarray(row * outputs, (row + 1) * outputs));
  });
});
