/** `tokenize` on a checkpoint: pieces, ids, and texts cut where the other commands cut them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { tokenizerFilesFromVocabulary } from '../../model/tokenizer/tokenizer-files.js';
import { stateOfCheckpoint } from '../../training/network/model-state.js';
import { randomParameters, smallConfig } from '../training/fixtures.js';
import { runHere } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-tokenize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'good', 'movie'];

async function tokenized(text: string, ...more: string[]) {
  const outcome = await runHere('tokenize', '--checkpoint', folder, '--text', text, '--json', ...more);
  expect(outcome.code, outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout);
}

describe('tokenize', () => {
  it('cuts a text for a checkpoint from elsewhere as evaluation and export do', async () => {
    const config = { ...smallConfig, vocabularySize: vocabulary.length, maxPositions: 512 };
    await writeCheckpoint(folder, {
      config,
      tensors: randomParameters(config),
      tokenizerFiles: tokenizerFilesFromVocabulary(vocabulary),
      details: null,
    });
    const { maxTokens } = stateOfCheckpoint(await readCheckpoint(folder));
    expect(await tokenized('good movie')).toMatchObject({ ids: [2, 5, 6, 3], dropped: 0, maxTokens });
    const long = 'good '.repeat(200);
    expect(await tokenized(long)).toMatchObject({ dropped: 202 - maxTokens, maxTokens });
    expect(await tokenized(long, '--max-tokens', '300')).toMatchObject({ dropped: 0, maxTokens: 300 });
  });
});
