/** Accuracy: one sweep a task, over methods and seeds. A sweep keeps its own folder, and goes on where it was stopped. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { METHODS } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { failureMessage } from '../../util/errors.js';
import { readJsonLines } from '../../util/json-lines.js';
import { makeDirectory } from '../../util/make-directory.js';
import { packageFile } from '../../util/package-file.js';
import { type TokenLine, tokensFile } from '../measure/run-result.js';
import type { Setting } from '../sweep/grid.js';
import type { SweepRow } from '../sweep/results-file.js';
import { planSweep, runSweep, type SweepOptions } from '../sweep/sweep.js';
import type { Runner } from '../work/runner.js';

/** Of GLUE, and the configuration for each; QNLI is learned from its dev file, whose training file is large. */
const CONFIGS: Readonly<Record<string, string>> = {
  sst2: 'minilm-sst2.yaml',
  mrpc: 'minilm-mrpc.yaml',
  rte: 'minilm-rte.yaml',
  qnli: 'minilm-qnli-split.yaml',
  cola: 'minilm-cola.yaml',
};
export const TASKS: readonly string[] = Object.keys(CONFIGS);

/** Without data of one's own: made-up texts and a tiny network, which show that all of it runs and nothing else. */
export const MADE_UP = 'made-up texts';

const TINY = {
  name: 'made-up',
  task: 'sst2',
  model: {
    architecture: { layers: 2, heads: 2, hiddenSize: 16, intermediateSize: 32, maxPositions: 32 },
    tokenizer: { source: 'learned', vocabularySize: 150 },
    maxTokens: 24,
  },
  data: { source: 'synthetic', syntheticTrain: 256, syntheticDev: 64 },
  batch: { tokens: 512, examples: 32 },
  phases: {
    dense: { epochs: 2, learningRate: 1e-3 },
    soft: { epochs: 1, learningRate: 5e-4 },
    hard: { epochs: 1, learningRate: 5e-4 },
  },
  export: { calibrationExamples: 24 },
};

export interface AccuracyOptions {
  /** Of the paper. */
  readonly out: string;
  /** Folder with GLUE's files; null: made-up texts. */
  readonly data: string | null;
  /** The pretrained encoder. */
  readonly encoder: string | null;
  readonly tasks: readonly string[];
  /** Of TRAINED. */
  readonly methods: readonly string[];
  readonly seeds: readonly number[];
}

/** What is trained for: methods that differ in the network, not in how tokens leave on shares. */
export const TRAINED: readonly string[] = [
  'dense',
  'bolt-no-we',
  'bolt',
  'mpcformer',
  'cipherprune-prune',
  'cipherprune',
];

export const trainedMethods = (): Method[] =>
  TRAINED.flatMap((name) => METHODS.find((method) => method.name === name) ?? []);

const MODES = { nothing: 'none', prune: 'prune', 'prune-reduce': 'prune-reduce' } as const;

/** Methods that share functions share the dense run: only the mode of the masks differs. */
const settingOf = (method: Method, seed: number): Setting => ({
  ...(method.unpruned === 'dense' ? {} : { method: method.name }),
  'masks.mode': MODES[method.learns],
  seed: String(seed),
});

/** The method of a row, and its seed. */
export function rowOf(rows: readonly SweepRow[], method: Method, seed: number): SweepRow | null {
  const wanted = settingOf(method, seed);
  const same = ({ settings }: SweepRow): boolean =>
    (settings.method ?? null) === (wanted.method ?? null) &&
    settings['masks.mode'] === wanted['masks.mode'] &&
    (settings.seed ?? '1') === wanted.seed;
  return rows.find(same) ?? null;
}

export interface Trained {
  readonly task: string;
  readonly seeds: readonly number[];
  readonly rows: readonly SweepRow[];
  /** Why there are no rows. */
  readonly error: string | null;
  /** Tokens of the development set, layer by layer, of CipherPrune's first seed. */
  readonly sentences: { readonly labels: readonly string[]; readonly lines: readonly TokenLine[] } | null;
}

export interface Training {
  readonly task: string;
  readonly seeds: readonly number[];
  readonly sweep: SweepOptions;
}

interface Listeners {
  readonly onLine: (run: string, line: string) => void;
  readonly onRow: (row: SweepRow) => void;
}

async function configOf(task: string, folder: string): Promise<string> {
  const name = CONFIGS[task];
  if (name !== undefined) return packageFile('configs', name);
  await makeDirectory(folder);
  const path = join(folder, 'made-up.yaml');
  // JSON is YAML.
  await writeFileAtomically(path, JSON.stringify(TINY));
  return path;
}

/** One for every task. */
export function trainingsOf(
  { out, data, encoder, tasks, methods, seeds }: AccuracyOptions,
  { onLine, onRow }: Listeners,
): Promise<Training[]> {
  const named = data === null ? [MADE_UP] : tasks;
  const chosen = trainedMethods().filter(({ name }) => methods.includes(name));
  return Promise.all(
    named.map(async (task) => {
      const folder = join(out, 'training', task.replaceAll(' ', '-'));
      const sweep: SweepOptions = {
        config: await configOf(task, folder),
        settings: chosen.flatMap((method) => seeds.map((seed) => settingOf(method, seed))),
        overrides: [
          ...(data === null ? [] : [`data.directory=${JSON.stringify(data)}`]),
          ...(data === null || encoder === null ? [] : [`model.checkpoint=${JSON.stringify(encoder)}`]),
        ],
        out: folder,
        evaluate: true,
        secure: 0,
        teacherSeeds: [],
        onPlan: () => undefined,
        onLine: (run, line) => onLine(`${task} ${run}`, line),
        onDone: onRow,
      };
      return { task, seeds, sweep };
    }),
  );
}

/** About how long they take on this machine, one run after the other; null where that cannot be said. */
export async function trainingSeconds({ sweep }: Training): Promise<number | null> {
  try {
    return (await planSweep(sweep)).reduce((sum, run) => sum + run.seconds, 0);
  } catch {
    return null;
  }
}

async function sentencesOf(
  { sweep, seeds }: Training,
  rows: readonly SweepRow[],
): Promise<Trained['sentences']> {
  const method = trainedMethods().at(-1)!;
  const row = rowOf(rows, method, seeds[0]!);
  if (row?.status !== 'done') return null;
  const file = tokensFile(join(sweep.out, 'runs', row.run));
  if (!existsSync(file)) return null;
  return { labels: row.labels, lines: await readJsonLines<TokenLine>(file) };
}

/** A task that cannot be trained is a failed one. */
export async function train(training: Training, runner: Runner): Promise<Trained> {
  const { task, seeds, sweep } = training;
  try {
    const rows = await runSweep(sweep, runner);
    return { task, seeds, rows, error: null, sentences: await sentencesOf(training, rows) };
  } catch (error) {
    return { task, seeds, rows: [], error: failureMessage(error), sentences: null };
  }
}
