import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../cli/run.js';
import { readCheckpoint, writeCheckpoint } from '../../model/checkpoint.js';
import { tokenizerFilesFromVocabulary } from '../../model/tokenizer-files.js';
import { useBackend } from '../../training/backend/setup.js';
import { verify } from '../../training/verify.js';
import { randomExamples, randomParameters, smallConfig } from './fixtures.js';
import { naiveEncode } from './naive-encoder.js';

let folder: string;
const parameters = randomParameters(smallConfig);

/** Reference outputs by the naive encoder, in the file's format. */
const referenceCases = () =>
  randomExamples(3, smallConfig).map((example) => {
    const { hidden, allScores, pooled } = naiveEncode(parameters, smallConfig, example, {
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
