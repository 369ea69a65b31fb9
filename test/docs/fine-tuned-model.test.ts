/** docs/guide/fine-tuned-model.md, command by command, on a tiny DistilBERT. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tokenizerFilesFromVocabulary } from '../../model/tokenizer/tokenizer-files.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { runHere } from '../cli/run-cli.js';
import {
  familyCases,
  familyLogits,
  familyTensors,
  writeFamily,
} from '../model/families/family-checkpoints.js';
import { guideCommands, inFolder } from './guide-commands.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const family = familyCases.find(({ family }) => family === 'distilbert')!;
const stored = familyTensors(family);
const words = 'where is my parcel the a bill was wrong not late and broken please refund box order new'.split(
  ' ',
);
const tokenizerFiles = tokenizerFilesFromVocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words]);
const tokenizer = createTokenizer(tokenizerFiles);
const names = ['billing', 'shipping', 'other'];

/** Ten words each, in an order that the number gives. */
const textOf = (i: number): string =>
  Array.from({ length: 10 }, (_, k) => words[(i * (2 * k + 3) + k * k) % words.length]).join(' ');

/** By the plain forward pass of the reference's classes. */
function classOf(text: string): string {
  const { ids } = tokenizer.encode(text, null, 20);
  const logits = familyLogits(
    family,
    stored,
    ids,
    ids.map(() => 0),
  );
  return names[logits.indexOf(Math.max(...logits))]!;
}

const texts = Array.from({ length: 40 }, (_, i) => textOf(i + 1));
const FILES = ['my-model', 'texts.txt', 'labelled.csv', 'reference.json', 'dense', 'named', 'pruned'];

beforeAll(async () => {
  await writeFamily(join(folder, 'my-model'), family, stored);
  for (const [name, content] of Object.entries(tokenizerFiles))
    writeFileSync(join(folder, 'my-model', name), content);
  writeFileSync(join(folder, 'texts.txt'), `${texts.join('\n')}\n`);
  const rows = texts.map((text) => `"${text}",${classOf(text)}`);
  writeFileSync(join(folder, 'labelled.csv'), `text,label\n${rows.join('\n')}\n`);
  const cases = texts.slice(0, 3).map((text) => {
    const { ids } = tokenizer.encode(text, null, 20);
    const types = ids.map(() => 0);
    return {
      text,
      input_ids: ids,
      token_type_ids: types,
      logits: familyLogits(family, stored, ids, types),
    };
  });
  writeFileSync(join(folder, 'reference.json'), JSON.stringify({ cases }));
});

const commands = guideCommands(join('docs', 'guide', 'fine-tuned-model.md'));
const run = (args: readonly string[]) => runHere(...inFolder(folder, FILES, args));

it('the page shows the commands that are tried here', () => {
  const shown = commands.map(([name, ...args]) => [name, args.includes('--keep')]);
  expect(shown).toEqual([
    ['export', false],
    ['export', false],
    ['export', true],
    ['inspect', false],
    ['infer', false],
    ['evaluate', false],
    ['verify', false],
  ]);
});

it('exports with all tokens, and says how far answers agree', async () => {
  const { code, stdout } = await run(commands[0]!);
  expect(code).toBe(0);
  expect(stdout).toMatch(/dense: \d+ tensors, rounded by 0\.\d\d% at most, none saturated$/m);
  expect(stdout).toMatch(/ranges measured on 32 texts/);
  expect(stdout).toMatch(/on 8 texts that were kept apart:\n {2}all tokens: 8 of 8 answers \(100\.0%\)/);
  expect(stdout).not.toMatch(/pruned by quantiles/);
});

it('lists tensors that lose much to rounding', async () => {
  const { code, stdout } = await run([
    ...commands[0]!.slice(0, -1),
    join(folder, 'coarse'),
    '--weight-bits',
    '4',
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/│ \S+\.weight +│ +4 │ +-?\d+ │ +\d+ of \d+ │ +\d+\.\d\d% │/);
  const largest = Number(/rounded by (\d+\.\d\d)% at most/.exec(stdout)?.[1]);
  // Four bits are 15 steps over the whole range.
  expect(largest).toBeGreaterThan(5);
  expect(stdout).not.toMatch(/word_embeddings/);
});

it('names task and classes as the user says', async () => {
  const { code, stderr } = await run(commands[1]!);
  expect(code, stderr).toBe(0);
  const { stdout } = await run(['inspect', 'named', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    task: 'parcels',
    config: { labels: ['bills', 'shipping', 'other'] },
  });
});

it('exports with quantiles, labelled as such', async () => {
  const { code, stdout } = await run(commands[2]!);
  expect(code).toBe(0);
  const kept = /pruned by quantiles, not trained, (\d+)% of tokens kept/.exec(stdout);
  expect(Number(kept?.[1])).toBeGreaterThan(50);
  expect(Number(kept?.[1])).toBeLessThan(75);
  const inspected = await run(commands[3]!);
  expect(inspected.stdout).toMatch(/distilbert: 3 layers/);
  expect(inspected.stdout).toMatch(/quantiles of scores on sample texts: not trained/);
});

it('answers privately, in two processes', async () => {
  const { code, stdout, stderr } = await run(commands[4]!);
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^(billing|shipping|other) +\d/m);
});

it('has the accuracy of the model as it was, by labels that this gives', async () => {
  const { code, stdout } = await run(commands[5]!);
  expect(code).toBe(0);
  const accuracy = Number(/accuracy\D+([\d.]+)/.exec(stdout)?.[1]);
  expect(accuracy).toBeGreaterThan(0.9);
});

it('is verified against logits computed apart', async () => {
  const { code, stdout } = await run(commands[6]!);
  expect(code).toBe(0);
  expect(stdout).toMatch(/logits/);
});

it('refuses shares and lengths that cannot be, and an encoder without a head', async () => {
  const out = ['--out', 'dense', '--calibrate', 'texts.txt'];
  const keep = await run(['export', '--checkpoint', 'my-model', ...out, '--keep', '1.5']);
  expect([keep.code, keep.stderr]).toEqual([
    2,
    expect.stringMatching(/--keep: expected a number from 0 to 1/),
  ]);
  const long = await run(['export', '--checkpoint', 'my-model', ...out, '--max-tokens', '21']);
  expect([long.code, long.stderr]).toEqual([2, expect.stringMatching(/at most the model's 20 positions/)]);
  const headless = new Map([...stored].filter(([name]) => !name.startsWith('pre_classifier')));
  await writeFamily(join(folder, 'my-model'), family, headless);
  const bare = await run(['export', '--checkpoint', 'my-model', ...out]);
  expect(bare.stderr).toMatch(/expected a classifier, got an encoder without pre_classifier\.weight/);
});
