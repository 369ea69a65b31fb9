import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../cli/run.js';
import { toFloat32 } from '../../../model/artifact/stored-tensor.js';
import { readCheckpoint, writeCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { readSafetensors, writeSafetensors } from '../../../model/checkpoint/safetensors-file.js';
import type { StoredTensor } from '../../../model/checkpoint/safetensors.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';
import { useBackend } from '../../../training/backend/setup.js';
import { verify } from '../../../training/evaluate/verify.js';
import { randomExamples, randomParameters, smallConfig } from '../fixtures.js';
import { naiveEncode } from '../network/naive-encoder.js';

let folder: string;
const parameters = randomParameters(smallConfig);

/** Reference outputs by the naive encoder, in the file's format. */
const referenceCases = (weights = parameters) =>
  randomExamples(3, smallConfig).map((example) => {
    const { hidden, allScores, pooled } = naiveEncode(weights, smallConfig, example, {
      exact: true,
      thresholds: null,
      temperature: 1,
    });
    return {
      text: `text ${example.index}`,
      text_pair: null,
      input_ids: [...example.ids],
      token_type_ids: [...example.types],
      cls_per_layer: hidden.map((rows) => rows[0]!.slice(0, 8)),
      last_token_per_layer: hidden.map((rows) => rows.at(-1)!.slice(0, 8)),
      norm_per_layer: hidden.map((rows) => Math.hypot(...rows.flat())),
      importance_per_layer: allScores.map((scores) => scores.map((score) => score / example.ids.length)),
      pooler_output: pooled,
    };
  });

type FloatDtype = 'F32' | 'F16' | 'BF16';

/** The nearest number of the format (ties to even), its subnormals too; nothing overflows here. */
function roundTo(value: number, dtype: FloatDtype): number {
  if (dtype === 'F32' || value === 0) return value;
  const power = Math.floor(Math.log2(Math.abs(value)));
  const unit = dtype === 'F16' ? 2 ** (Math.max(power, -14) - 10) : 2 ** (power - 7);
  const steps = value / unit;
  const nearest = Math.round(steps);
  return (Math.abs(steps % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest) * unit;
}

/** The bits of a rounded number. */
function bitsOf(value: number, dtype: 'F16' | 'BF16'): number {
  const rounded = roundTo(value, dtype);
  const bits = new Uint32Array(Float32Array.of(rounded).buffer)[0]!;
  if (dtype === 'BF16') return bits >>> 16;
  const [sign, exponent] = [(bits >>> 16) & 0x8000, ((bits >>> 23) & 0xff) - 112];
  if (exponent <= 0) return sign | (Math.abs(rounded) * 2 ** 24);
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

function storedAs(tensor: StoredTensor, dtype: FloatDtype): StoredTensor {
  if (dtype === 'F32') return tensor;
  const halves = Uint16Array.from(toFloat32(tensor), (value) => bitsOf(value, dtype));
  return { dtype, shape: tensor.shape, bytes: new Uint8Array(halves.buffer) };
}

async function writeShards(directory: string, stored: ReadonlyMap<string, StoredTensor>): Promise<void> {
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const shards = [new Map<string, StoredTensor>(), new Map<string, StoredTensor>()];
  const weightMap: Record<string, string> = {};
  [...stored].forEach(([name, tensor], i) => {
    shards[i % 2]!.set(name, tensor);
    weightMap[name] = names[i % 2]!;
  });
  for (const [i, shard] of shards.entries()) await writeSafetensors(join(directory, names[i]!), shard);
  await rm(join(directory, 'model.safetensors'));
  await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

const checkpointFolder = (): string => join(folder, 'checkpoint');
const referenceFile = (): string => join(folder, 'reference.json');

beforeAll(async () => {
  await useBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'cipherprune-verify-'));
  const words = Array.from({ length: smallConfig.vocabularySize - 5 }, (_, i) => `w${i}`);
  const tokenizerFiles = tokenizerFilesFromVocabulary([
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...words,
  ]);
  await writeCheckpoint(checkpointFolder(), {
    config: smallConfig,
    tensors: parameters,
    tokenizerFiles,
    details: null,
  });
  await writeFile(referenceFile(), JSON.stringify({ cases: referenceCases() }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('verify', () => {
  it('finds the encoder right against the naive one', async () => {
    const result = await verify(await readCheckpoint(checkpointFolder()), referenceFile(), 1e-4);
    expect(result.maxError).toBeLessThan(1e-4);
    expect(result.layers.map(({ layer }) => layer)).toEqual([
      'embedding',
      'layer 0',
      'layer 1',
      'layer 2',
      'pooler',
    ]);
  });

  it.each(
    (['F32', 'F16', 'BF16'] as const).flatMap((dtype) => [
      [dtype, 'one file'] as const,
      [dtype, 'shards'] as const,
    ]),
  )('reads weights in %s from %s', async (dtype, layout) => {
    const directory = join(folder, `${dtype}-${layout}`);
    await cp(checkpointFolder(), directory, { recursive: true });
    const whole = join(directory, 'model.safetensors');
    const { tensors } = await readSafetensors(whole);
    const stored = new Map([...tensors].map(([name, tensor]) => [name, storedAs(tensor, dtype)]));
    if (layout === 'one file') await writeSafetensors(whole, stored);
    else await writeShards(directory, stored);
    // The reference has the weights as they were rounded.
    const rounded = new Map(
      [...parameters].map(([name, { shape, values }]) => [
        name,
        { shape, values: values.map((value) => roundTo(value, dtype)) },
      ]),
    );
    const file = join(directory, 'reference.json');
    await writeFile(file, JSON.stringify({ cases: referenceCases(rounded) }));
    expect((await verify(await readCheckpoint(directory), file, 1e-4)).maxError).toBeLessThan(1e-4);
  });

  it('fails the command with the layer and the text that are wrong', async () => {
    const cases = referenceCases();
    cases[1]!.last_token_per_layer[2]![5]! += 0.01;
    const file = join(folder, 'wrong.json');
    await writeFile(file, JSON.stringify({ cases }));
    const lines: string[] = [];
    const stderr = vi
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => lines.push(String(text)) > 0);
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const code = await runCommandLine([
      'verify',
      '--checkpoint',
      checkpointFolder(),
      '--reference',
      file,
      '--json',
    ]);
    stderr.mockRestore();
    stdout.mockRestore();
    expect(code).toBe(1);
    expect(lines.join('')).toMatch(
      /layer 1, last token of "text 1": expected an error of at most 0.0001, got 1.00e-2/,
    );
  });

  it('names a file that is no reference', async () => {
    const file = join(folder, 'bad.json');
    await writeFile(file, '{"cases": [{"text": "x"}]}');
    await expect(verify(await readCheckpoint(checkpointFolder()), file, 1e-4)).rejects.toThrow(
      /cases.0.input_ids/,
    );
  });

  const shared = join('..', 'shared', 'models', 'minilm-l6-h384');
  it.skipIf(!existsSync(shared))('agrees with torch on a pretrained encoder', async () => {
    const result = await verify(await readCheckpoint(shared), join(shared, 'reference.json'), 1e-4);
    expect(result.maxError).toBeLessThan(1e-5);
  });
});
