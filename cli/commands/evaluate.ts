/** `evaluate`: a task's metric, kept tokens and cost: in float, in fixed point, privately, or all three side by side. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { DEFAULT_MAX_BAD_ROWS } from '../../data/sources/bad-rows.js';
import { type Dataset, describeMalformed } from '../../data/sources/dataset.js';
import { compareWays, type Way, type WayResult } from '../../experiments/evaluate/comparison.js';
import {
  type Evaluation,
  type ExampleRow,
  evaluateRows,
  evaluationOf,
  type Prediction,
} from '../../experiments/evaluate/evaluation.js';
import {
  type Examined,
  glueExamples,
  ownExamples,
  readSubject,
  type Subject,
} from '../../experiments/evaluate/subject.js';
import { FLOAT_BATCH, withClassifier } from '../../experiments/evaluate/with-classifier.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { evaluateByWorkers } from '../evaluate-parts.js';
import {
  batchOption,
  cotsOption,
  jsonOption,
  limitOption,
  privateEmbeddingOption,
  timeoutOption,
  warmOption,
} from '../model-options.js';
import { optional, wholeNumber } from '../options.js';
import { printJson, progressBar } from '../output.js';
import {
  columnOptions,
  formatOption,
  glueTaskOption,
  labelMapOption,
  maxBadRowsOption,
} from '../own-data-options.js';
import { queueOptions } from '../queue-options.js';
import { evaluationJson, printComparison, printEvaluation } from '../print-evaluation.js';

type EvaluateOptions = OptionsOf<typeof OPTIONS>;

/** Writes predictions line by line, or nothing. */
function predictionFile(path: string | undefined) {
  if (path === undefined) return { write: (_: Prediction) => undefined, close: async () => undefined };
  const stream = createWriteStream(path);
  let failure: Error | null = null;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    write(prediction: Prediction) {
      if (failure) throw new Error(`--predictions ${path}: ${failure.message}`);
      stream.write(`${JSON.stringify(prediction)}\n`);
    },
    async close() {
      stream.end();
      if (!failure) await once(stream, 'close').catch(() => undefined);
      if (failure) throw new Error(`--predictions ${path}: ${failure.message}`);
    },
  };
}

/** Evaluates one backend with a progress bar. */
async function evaluateOn(
  options: GlobalOptions & EvaluateOptions,
  backend: Way,
  { dataset, mapping }: Pick<Examined, 'dataset' | 'mapping'>,
  onPrediction: (prediction: Prediction) => void,
): Promise<readonly ExampleRow[]> {
  const progress = progressBar(`evaluate ${backend}`, dataset.examples.length);
  try {
    return await withClassifier(
      { ...options, timeoutSeconds: options.timeout },
      backend,
      dataset.examples.length,
      (classifier) =>
        evaluateRows({
          dataset,
          mapping,
          classifier,
          batch: backend === 'float' ? FLOAT_BATCH : options.batch,
          onPrediction(prediction) {
            onPrediction(prediction);
            progress.advance();
          },
        }),
    );
  } finally {
    progress.stop();
  }
}

/** What there are models for; the private one on the first examples only. */
async function compareAll(
  options: GlobalOptions & EvaluateOptions,
  examined: Examined,
): Promise<WayResult[]> {
  const { artifact, checkpoint, secure } = options;
  const ways: Way[] = [];
  if (checkpoint !== undefined) ways.push('float');
  if (artifact !== undefined) ways.push('cleartext');
  if (artifact !== undefined && secure > 0) ways.push('two-party');
  if (ways.length < 2) throw new UsageError('--compare: expected --artifact, and --checkpoint for float');
  const { dataset, mapping } = examined;
  const sample: Dataset = { ...dataset, examples: dataset.examples.slice(0, secure) };
  return compareWays(ways, async (way, onPrediction) => {
    const seen = { dataset: way === 'two-party' ? sample : dataset, mapping };
    return evaluationOf(dataset.task, await evaluateOn(options, way, seen, onPrediction));
  });
}

/** How many compute an answer. */
const PARTIES: Readonly<Record<Way, number>> = { float: 1, cleartext: 1, 'two-party': 2 };

/** A checkpoint alone is run in float, an artifact in fixed point. */
const backendOf = ({ backend, artifact, checkpoint }: EvaluateOptions): Way =>
  backend ?? (artifact === undefined && checkpoint !== undefined ? 'float' : 'cleartext');

function checkSource(options: EvaluateOptions): void {
  const { data, file, fold, split, artifact, checkpoint, task, queue, compare, from } = options;
  if ((data === undefined) === (file === undefined))
    throw new UsageError('evaluate: expected either --data, GLUE files, or --file, one of your own');
  if (artifact === undefined && checkpoint === undefined)
    throw new UsageError('evaluate: expected --artifact or --checkpoint');
  if (file !== undefined && task !== undefined)
    throw new UsageError('evaluate: --task names a GLUE task; a file of your own needs none');
  if (fold !== undefined && split === 'test')
    throw new UsageError('--fold splits the dev file: expected --split dev or train');
  if (queue !== undefined && (compare || from > 0))
    throw new UsageError('--queue: expected neither --compare nor --from beside it');
}

/** The examples that are asked for, with the classes of the model by name. */
async function examined(options: EvaluateOptions, subject: Subject): Promise<Examined> {
  const { data, file, format, labelMap = null, from } = options;
  const limit = options.limit === undefined ? null : from + options.limit;
  if (file === undefined) {
    const { task = null, split, fold = null, maxBadRows } = options;
    return glueExamples({ task, directory: data!, split, fold, limit, maxBadRows }, subject, labelMap);
  }
  const asked = {
    text: options.text ?? null,
    textPair: options.textPair ?? null,
    label: options.label ?? null,
  };
  const { maxBadRows = DEFAULT_MAX_BAD_ROWS } = options;
  return ownExamples({ file, format, asked }, subject, labelMap, { limit, maxBadRows });
}

/** One backend on all examples, here or by workers; predictions are written as they come. */
async function evaluated(
  options: GlobalOptions & EvaluateOptions,
  backend: Way,
  examined: Examined,
): Promise<{ readonly rows: readonly ExampleRow[]; readonly evaluation: Evaluation }> {
  const { queue, attempts, part } = options;
  const { task, examples } = examined.dataset;
  const predictions = predictionFile(options.predictions);
  try {
    if (queue === undefined) {
      const rows = await evaluateOn(options, backend, examined, predictions.write);
      return { rows, evaluation: evaluationOf(task, rows) };
    }
    const handed = { task, backend, examples: examples.length, part, queue, attempts };
    const parts = await evaluateByWorkers(options, handed);
    for (const { prediction } of parts.rows) predictions.write(prediction);
    return parts;
  } finally {
    await predictions.close();
  }
}

/** The examples that are asked for, from one on. */
async function someExamined(options: EvaluateOptions, subject: Subject): Promise<Examined> {
  const all = await examined(options, subject);
  const { from } = options;
  if (from === 0) return all;
  return { ...all, dataset: { ...all.dataset, examples: all.dataset.examples.slice(from) } };
}

async function run(options: GlobalOptions & EvaluateOptions): Promise<void> {
  const { split, file, json } = options;
  checkSource(options);
  const backend = backendOf(options);
  if (options.privateEmbedding && backend !== 'two-party' && !options.compare)
    throw new UsageError('--private-embedding needs --backend two-party');
  const subject = await readSubject(options.artifact, options.checkpoint);
  const examples = await someExamined(options, subject);
  const { dataset } = examples;
  for (const line of [...examples.notes, ...describeMalformed(dataset.malformed)]) note(line);
  const method = subject.method.name;
  const about = { task: dataset.task.name, ...(file === undefined ? { split } : { file }), method };
  if (options.compare) {
    const results = await compareAll(options, examples);
    if (json)
      printJson({
        ...about,
        compare: results.map((result) => ({ parties: PARTIES[result.backend], ...evaluationJson(result) })),
      });
    else printComparison(results);
    return;
  }
  const { rows, evaluation } = await evaluated(options, backend, examples);
  const example = options.rows ? { rows } : {};
  if (json)
    printJson({ ...about, backend, parties: PARTIES[backend], ...evaluationJson(evaluation), ...example });
  else
    printEvaluation(
      `${about.task} ${file ?? split}, ${backend}, ${evaluation.examples} examples`,
      evaluation,
    );
}

const OPTIONS = {
  artifact: { type: 'string', describe: 'Folder of the exported model' },
  checkpoint: { type: 'string', describe: 'Trained checkpoint or run, for float' },
  task: glueTaskOption,
  data: { type: 'string', describe: "Folder with GLUE's own layout" },
  file: { type: 'string', describe: 'A file of your own, with labels', requiresArg: true },
  ...columnOptions,
  format: formatOption,
  'max-bad-rows': maxBadRowsOption,
  'label-map': labelMapOption,
  split: { choices: ['train', 'dev', 'test'] as const, default: 'dev', describe: 'Which examples' },
  fold: {
    type: 'string',
    describe: 'For models of data.splitDev: the fold (1 to 5) of the dev file that they were not trained on',
    coerce: optional(wholeNumber('fold', 1, 5)),
  },
  backend: {
    choices: ['cleartext', 'two-party', 'float'] as const,
    describe: 'Fixed point in the clear (the default), privately with both parties here, or float',
  },
  compare: {
    type: 'boolean',
    default: false,
    describe: 'Float (with --checkpoint), fixed point and private side by side',
  },
  secure: {
    type: 'string',
    default: '8',
    describe: 'Examples of the private part of --compare',
    coerce: wholeNumber('secure', 0),
  },
  from: {
    type: 'string',
    default: '0',
    describe: 'Leave out so many examples at the beginning',
    coerce: wholeNumber('from', 0),
  },
  limit: limitOption,
  rows: {
    type: 'boolean',
    default: false,
    describe: 'With --json: also every example with its prediction, kept tokens and cost',
  },
  ...queueOptions,
  part: {
    type: 'string',
    default: '64',
    describe: 'With --queue: examples of a point',
    coerce: wholeNumber('part', 1),
  },
  predictions: { type: 'string', describe: 'Write one JSON line an example to this file' },
  batch: batchOption,
  cots: cotsOption,
  warm: warmOption,
  'private-embedding': privateEmbeddingOption,
  timeout: timeoutOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'evaluate',
  describe: "Measure a task's metric, kept tokens and cost",
  options: OPTIONS,
  handler: run,
});
