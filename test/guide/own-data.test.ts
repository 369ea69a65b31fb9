/** docs/guide/own-data.md as a test: its commands, in their order, on a small file with everything that files may have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitmix32 } from '../../util/splitmix32.js';
import { readTable } from '../../data/tables/table.js';
import { writeCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { BERT_ARCHITECTURE } from '../../model/config.js';
import { tokenizerFilesFromVocabulary } from '../../model/tokenizer/tokenizer-files.js';
import { initialParameters } from '../../training/network/parameters.js';
import { type Outcome, runHere } from '../cli/run-cli.js';

const guide = readFileSync('docs/guide/own-data.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'cipherprune-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Words by class: half of a message says which it is. */
const WORDS = {
  returns: ['zurück', 'refund', 'broken'],
  delivery: ['parcel', 'late', 'wo'],
  'so, "other"': ['hours', 'stock', 'danke'],
};
const COMMON = ['the', 'schöne', 'stuhl', '🙁', 'is', '📦'];
const labels = Object.keys(WORDS) as (keyof typeof WORDS)[];

/** A CSV whose texts have quotes, commas, line breaks, umlauts and emoji. */
function csv(rows: number, seed: number): string {
  const random = splitmix32(seed);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)]!;
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const lines = Array.from({ length: rows }, (_, id) => {
    const label = labels[id % labels.length]!;
    const own = [pick(WORDS[label]), pick(WORDS[label])];
    const text = `${pick(COMMON)} "${own[0]}",\n${pick(COMMON)} ${own[1]} ${id % 7}`;
    return [String(id), quoted(text), quoted(label)].join(',');
  });
  return ['id,message,queue', ...lines, ''].join('\r\n');
}

/** An encoder of random weights that knows the words: what a pretrained one is on a small scale. */
async function writeEncoder(directory: string): Promise<void> {
  const digits = Array.from('0123456789');
  const words = [
    ...Object.values(WORDS).flat(),
    ...COMMON,
    '"',
    ',',
    'blaue',
    'der',
    '?',
    'where',
    'my',
    ...digits,
  ];
  const bare = words.map((word) => word.normalize('NFD').replace(/\p{M}/gu, ''));
  const vocabulary = [...new Set(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...bare])];
  const config = {
    ...BERT_ARCHITECTURE,
    vocabularySize: vocabulary.length,
    hiddenSize: 32,
    layers: 3,
    heads: 2,
    intermediateSize: 64,
    maxPositions: 128,
    tokenTypes: 2,
    layerNormEpsilon: 1e-12,
    labels: ['LABEL_0', 'LABEL_1'],
  };
  const tensors = initialParameters(config, 0.3, 5);
  const tokenizerFiles = tokenizerFilesFromVocabulary(vocabulary);
  await writeCheckpoint(directory, { config, tensors, tokenizerFiles, details: null });
}

/** Lines of the guide's shell blocks that are commands of ours. */
const commands = [...guide.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) =>
  block!.trim().split('\n'),
);

/** `npx cipherprune a --b "c d"` → arguments. */
function argumentsOf(command: string): string[] {
  const [npx, name, ...rest] = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain!,
  );
  expect([npx, name]).toEqual(['npx', 'cipherprune']);
  return rest;
}

const outcomes = new Map<string, Outcome>();
const outcomeOf = (name: string): Outcome => {
  const found = [...outcomes].find(([command]) => command.startsWith(`npx cipherprune ${name}`));
  if (!found) throw new Error(`the guide has no command ${name}`);
  return found[1];
};

beforeAll(async () => {
  await writeEncoder(join(folder, 'ENCODER'));
  writeFileSync(join(folder, 'messages.csv'), `\ufeff${csv(300, 1)}`);
  writeFileSync(join(folder, 'more.csv'), csv(60, 2));
  writeFileSync(join(folder, 'few.csv'), csv(4, 3));
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (const command of commands) outcomes.set(command, await runHere(...argumentsOf(command)));
  } finally {
    process.chdir(before);
  }
}, 240_000);

describe('the guide to data of one’s own', () => {
  it('has commands that all succeed', () => {
    expect(commands).toHaveLength(8);
    for (const [command, { code, stderr }] of outcomes) expect(code, `${command}: ${stderr}`).toBe(0);
  });

  it('trains on the classes of the file, and holds a tenth of each out', () => {
    const { stderr, stdout } = outcomeOf('train');
    expect(stderr).toContain('3 classes: returns 33%, delivery 33%, so, "other" 33%');
    expect(stderr).toContain('270 training and 30 dev examples');
    expect(stdout).toMatch(/final, on the development set:\n {2}accuracy: \d\.\d+ .*\n {2}macroF1: \d\.\d+/);
  });

  it('measures per class', () => {
    const { stdout } = outcomeOf('evaluate');
    expect(stdout).toMatch(/accuracy: \d\.\d{4} \(95%: .* to .*\); most frequent class alone: 33\.3%/);
    for (const label of labels) expect(stdout).toContain(label);
  });

  it('answers a line a text, and gives the rows of a file back', () => {
    expect(outcomeOf('infer --local --artifact queues --text').stdout).toMatch(
      /^.+ {2} ?\d+\.\d% {2}where is my parcel\?\n$/,
    );
    const { stdout, stderr } = outcomeOf('infer --local --artifact queues --file');
    expect(stdout).toMatch(/^id,message,queue,label,probability\n0,"/);
    expect(stderr).toMatch(/4 texts; /);
  });

  it('predicts as many rows as the input has', async () => {
    const [input, output] = [
      await readTable(join(folder, 'more.csv')),
      await readTable(join(folder, 'answers.csv')),
    ];
    expect(output.rows.map(({ fields }) => [fields.id, fields.message])).toEqual(
      input.rows.map(({ fields }) => [fields.id, fields.message]),
    );
    expect(output.rows.every(({ fields }) => labels.some((label) => label === fields.label))).toBe(true);
  });

  it('shows pieces and costs', () => {
    expect(outcomeOf('tokenize').stdout).toMatch(
      /^\[CLS\]\/2 der\/\d+ blaue\/\d+ stuhl\/\d+ 🙁\/\d+ \[SEP\]\/3\n/,
    );
    expect(outcomeOf('estimate').stdout).toMatch(/yours.*50 Mbit\/s.*25 ms/);
  });
});
