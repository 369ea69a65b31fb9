/** @xenova/transformers as tokenizer and as ONNX pipeline, where it is installed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { createTokenizer } from '../../../model/tokenizer/tokenizer.js';
import { readTokenizerFiles } from '../../../model/tokenizer/read-tokenizer-files.js';
import { openTokenizer } from '../../../model/tokenizer/tokenizer-library.js';
import { loadXenova } from '../../../model/xenova-library.js';
import { useBackend } from '../../../training/backend/setup.js';
import { SAMPLE_TEXTS, verifyAgainstOnnx } from '../../../training/evaluate/verify-onnx.js';
import { runHere } from '../../cli/run-cli.js';

const fixture = join('test', 'fixtures', 'onnx');
const isInstalled = await loadXenova().then(
  () => true,
  () => false,
);

beforeAll(() => useBackend('native'));

describe.skipIf(!isInstalled)('@xenova/transformers', () => {
  it.each(['bert-uncased', 'roberta', 'albert'])('gives the same ids for plain texts: %s', async (name) => {
    const path = join('test', 'fixtures', 'tokenizers', `${name}.json`);
    const files = { 'tokenizer.json': readFileSync(path, 'utf8') };
    const model = { tokenTypes: 2 };
    const [own, other] = [createTokenizer(files), await openTokenizer(files, model, 'xenova')];
    for (const text of ['The film is warm, and funny!', 'refund 42', "don't", ''])
      expect(other.encode(text, 'thank you', 64)).toEqual(own.encode(text, 'thank you', 64));
  });

  it('computes the logits of our encoder from an ONNX graph that was written apart', async () => {
    const checkpoint = await readCheckpoint(fixture);
    const comparisons = await verifyAgainstOnnx(checkpoint, fixture);
    expect(comparisons.map(({ text }) => text)).toEqual(SAMPLE_TEXTS);
    for (const { error } of comparisons) expect(error).toBeLessThan(1e-5);
    // Of the samples, one has characters beyond U+FFFF and a final sigma.
    expect(comparisons.filter(({ sameIds }) => !sameIds).map(({ text }) => text)).toEqual([SAMPLE_TEXTS[3]]);
  });

  it('is what verify --against-onnx compares with', async () => {
    const command = ['verify', '--checkpoint', fixture, '--against-onnx', fixture];
    const { code, stdout } = await runHere(...command, '--text', 'where is my parcel', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ cases: 1, otherIds: 0 });
    const nowhere = await runHere('verify', '--checkpoint', fixture, '--against-onnx', 'test');
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      expect.stringMatching(/expected test\/onnx\/model\.onnx/),
    ]);
    const neither = await runHere('verify', '--checkpoint', fixture);
    expect(neither.stderr).toMatch(/expected either --reference FILE or --against-onnx FOLDER/);
  });

  it('splits texts for tokenize --tokenizer-library xenova', async () => {
    const command = ['tokenize', '--checkpoint', fixture, '--text', 'Where is my parcel?', '--json'];
    const [own, other] = [
      await runHere(...command),
      await runHere(...command, '--tokenizer-library', 'xenova'),
    ];
    expect(other).toEqual(own);
    expect(JSON.parse(own.stdout)).toMatchObject({ ids: [2, 5, 6, 7, 8, 30, 3] });
  });
});

it('the tokenizer of the ONNX folder is ours too', async () => {
  expect(existsSync(join(fixture, 'onnx', 'model.onnx'))).toBe(true);
  const tokenizer = createTokenizer(await readTokenizerFiles(fixture));
  expect(tokenizer.encode('parcels', null, 8).tokens).toEqual(['[CLS]', 'parcel', '##s', '[SEP]']);
});
