import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRunConfig } from '../../../config/load.js';
import { splitmix32 } from '../../../util/splitmix32.js';
import { type Columns, type GlueTask, resolveTask, type Split, tasks } from '../../../data/sources/tasks.js';
import { readCheckpoint, writeCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';
import { useBackend } from '../../../training/backend/setup.js';
import { prepareRun } from '../../../training/loop/prepare.js';
import type { Listener } from '../../../training/loop/progress.js';
import { Trainer } from '../../../training/loop/trainer.js';
import { randomParameters, smallConfig } from '../fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'configs-start-'));
const checkpoint = join(folder, 'checkpoint');
const data = join(folder, 'glue');
const words = Array.from({ length: 35 }, (_, i) => `w${i}`);
const random = splitmix32(4);
const sentence = (): string =>
  Array.from({ length: 3 + Math.floor(random() * 8) }, () => words[Math.floor(random() * 35)]).join(' ');

/** Rows in the published layout of a task's file: named columns below a header, or columns by position. */
function table({ text, textPair, label }: Columns, labels: readonly string[], rows: number): string {
  const cells = (i: number): [string | number, string][] => [
    [text, sentence()],
    ...(textPair === null ? [] : [[textPair, sentence()] as [string | number, string]]),
    ...(label === null ? [] : [[label, labels[i % labels.length]!] as [string | number, string]]),
  ];
  const lines = Array.from({ length: rows }, (_, i) => {
    const row: string[] = [];
    cells(i).forEach(([column, value], at) => {
      row[typeof column === 'number' ? column : at] = value;
    });
    return Array.from(row, (cell) => cell ?? '-').join('\t');
  });
  const header =
    typeof text === 'number'
      ? []
      : [
          cells(0)
            .map(([column]) => column)
            .join('\t'),
        ];
  return `${[...header, ...lines].join('\n')}\n`;
}

function writeTask(task: GlueTask): void {
  for (const [split, rows] of [
    ['train', 30],
    ['dev', 30],
  ] as const satisfies readonly [Split, number][]) {
    const file = join(data, task.folder, task.files[split]);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, table(task.layout[split], task.storedLabels, rows));
  }
}

beforeAll(async () => {
  await useBackend('native');
  // Six layers as MiniLM has: masks.keep may be a list of shares, one for every layer but the last.
  const config = { ...smallConfig, layers: 6, maxPositions: 512 };
  await writeCheckpoint(checkpoint, {
    config,
    tensors: randomParameters(config),
    tokenizerFiles: tokenizerFilesFromVocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...words]),
    details: null,
  });
  for (const task of Object.values(tasks)) writeTask(task);
});
afterAll(() => rmSync(folder, { recursive: true }));

const silent: Listener = {
  note: () => undefined,
  work: () => undefined,
  phase: () => undefined,
  examples: () => undefined,
  step: () => undefined,
  evaluation: () => undefined,
};

/** Every configuration of a GLUE task, with a small encoder in place of the named one and a few steps a phase. */
describe('configs/ start on files in the layout of their task', () => {
  const names = readdirSync('configs').filter((name) => /^(bert-base|minilm)-.*\.yaml$/.test(name));
  it.each(names)('%s', async (name) => {
    const output = join(folder, name);
    const config = await loadRunConfig(join('configs', name), [
      `model.checkpoint=${JSON.stringify(checkpoint)}`,
      `data.directory=${JSON.stringify(data)}`,
      ...['dense', 'soft', 'hard'].map((phase) => `phases.${phase}.maxSteps=2`),
    ]);
    const prepared = await prepareRun(config, (path) => readCheckpoint(path));
    const evaluation = await new Trainer(config, prepared, output, silent).run({ resume: false });
    expect(Object.values(evaluation.metrics).every((metric) => Number.isFinite(metric))).toBe(true);
    const { details, config: trained } = await readCheckpoint(join(output, 'final'));
    expect(details).toMatchObject({ task: { name: config.task }, prunes: true });
    expect(trained.labels).toEqual(resolveTask(config.task).labels);
  });
});
