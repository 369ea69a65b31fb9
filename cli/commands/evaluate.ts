/** `evaluate`: a task's metric, kept tokens and cost: in float, in fixed point, privately, or all three side by side. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Argv } from 'yargs';
import { type Dataset, describeMalformed, splitFourToOne } from '../../data/sources/dataset.js';
import { readGlue } from '../../data/sources/glue.js';
import { type GlueTask, type Split, taskByName } from '../../data/sources/tasks.js';
import { compareWays, type Way, type WayResult } from '../../experiments/evaluate/comparison.js';
import {
  type Classifier,
  checkTask,
  type Evaluation,
  evaluate,
  type Prediction,
} from '../../experiments/evaluate/evaluation.js';
import { LOCAL_AHEAD_MEGABYTES, withClient } from '../../experiments/with-client.js';
import type { Client, TextOrPair } from '../../inference/client/client.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { Classification } from '../../inference/run/classification.js';
import { UsageError } from '../../util/errors.js';
import { megabytes } from '../../util/megabytes.js';
import { note } from '../../util/note.js';
import type { Command, GlobalOptions } from '../command.js';
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
import { print, printJson, printTable, progressBar } from '../output.js';

interface EvaluateOptions {
  readonly artifact?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly task: GlueTask;
  readonly data: string;
  readonly split: Split;
  readonly fold?: number | undefined;
  readonly backend?: Way | undefined;
  readonly compare: boolean;
  readonly secure: number;
  readonly limit?: number | undefined;
  readonly predictions?: string | undefined;
  readonly batch: number;
  readonly cots: CotKind;
  readonly warm: number;
  readonly privateEmbedding: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

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

/** Sentences of one forward pass in float. */
const FLOAT_BATCH = 64;

function given(name: 'artifact' | 'checkpoint', value: string | undefined): string {
  if (value === undefined) throw new UsageError(`evaluate: expected --${name} for this backend`);
  return value;
}

/** Makes material for the next texts before each of them; `examples` will come in all. */
function warmed(client: Client, texts: number, examples: number): Classifier {
  let remaining = examples;
  const warmer = import('../../inference/client/warm.js').then(
    ({ Warmer }) => new Warmer(client, { texts, onNote: note }),
  );
  const classifyBatch = async (batch: readonly TextOrPair[]): Promise<Classification[]> => {
    await (await warmer).fill({ remaining, bucket: client.bucketOf(batch[0]!) });
    remaining -= batch.length;
    return client.classifyBatch(batch);
  };
  return {
    classify: async (text, textPair) => (await classifyBatch([{ text, textPair }]))[0]!,
    classifyBatch,
  };
}

/** Runs `body` with the classifier of a backend. */
async function withClassifier<T>(
  options: GlobalOptions & EvaluateOptions,
  backend: Way,
  examples: number,
  body: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const { task, privateEmbedding, timeout, verbose, cots, warm } = options;
  if (backend === 'float') {
    const directory = given('checkpoint', options.checkpoint);
    const { FloatClassifier } = await import('../../experiments/evaluate/float-classifier.js');
    const classifier = await FloatClassifier.open(directory);
    checkTask(task, classifier.model);
    return body(classifier);
  }
  const artifact = given('artifact', options.artifact);
  if (backend === 'cleartext') {
    const { CleartextClassifier } = await import('../../inference/run/cleartext-classifier.js');
    const classifier = await CleartextClassifier.open(artifact);
    checkTask(task, classifier.model);
    return body(classifier);
  }
  const target = {
    address: null,
    artifact,
    privateEmbedding,
    timeoutSeconds: timeout,
    cache: false,
    cots,
    // Both parties are the user's own.
    serverAnswer: FINEST_LOGITS,
    aheadMegabytes: warm > 0 ? LOCAL_AHEAD_MEGABYTES : 0,
    verbose,
  };
  return withClient(target, (client) => {
    checkTask(task, client.model);
    return body(warm > 0 ? warmed(client, warm, examples) : client);
  });
}

/** Evaluates one backend with a progress bar. */
async function evaluateOn(
  options: GlobalOptions & EvaluateOptions,
  backend: Way,
  dataset: Dataset,
  onPrediction: (prediction: Prediction) => void,
): Promise<Evaluation> {
  const progress = progressBar(`evaluate ${backend}`, dataset.examples.length);
  try {
    return await withClassifier(options, backend, dataset.examples.length, (classifier) =>
      evaluate({
        dataset,
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

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)}%`;

function printEvaluation(options: EvaluateOptions, backend: Way, evaluation: Evaluation): void {
  const { examples, metrics, truncated, meanCost } = evaluation;
  print(`${options.task.name} ${options.split}, ${backend}, ${examples} examples`);
  for (const [name, value] of Object.entries(metrics)) print(`  ${name}: ${value.toFixed(4)}`);
  if (truncated > 0) print(`  truncated texts: ${truncated}`);
  print(
    `  per example: ${Math.round(meanCost.milliseconds)} ms, ${megabytes(meanCost.bytes)} MB, ${meanCost.rounds} rounds`,
  );
  const { offline } = meanCost;
  if (offline.bytes > 0)
    print(`  of which made ahead: ${Math.round(offline.milliseconds)} ms, ${megabytes(offline.bytes)} MB`);
  const rows = evaluation.keptRatio.map((kept, layer) => [
    layer,
    percent(kept),
    percent(evaluation.importantRatio[layer]!),
  ]);
  printTable(['layer', 'kept', 'important'], rows);
}

function printComparison(results: readonly WayResult[]): void {
  const names = Object.keys(results[0]?.metrics ?? {}) as (keyof WayResult['metrics'])[];
  printTable(
    ['backend', 'examples', ...names, 'kept', 'same label', 'logit error', 'ms', 'MB', 'rounds'],
    results.map(({ backend, examples, metrics, meanKeptRatio, agreement, meanCost }) => [
      backend,
      examples,
      ...names.map((name) => metrics[name]?.toFixed(4) ?? ''),
      percent(meanKeptRatio),
      agreement ? percent(agreement.labels) : '',
      agreement ? agreement.maxLogitError.toFixed(4) : '',
      Math.round(meanCost.milliseconds),
      megabytes(meanCost.bytes),
      meanCost.rounds,
    ]),
  );
  const reference = results[0]?.backend;
  print(`same label and largest logit error: against ${reference}, on the examples that both saw`);
}

/** What there are models for; the private one on the first examples only. */
async function compare(options: GlobalOptions & EvaluateOptions, dataset: Dataset): Promise<WayResult[]> {
  const { artifact, checkpoint, secure } = options;
  const ways: Way[] = [];
  if (checkpoint !== undefined) ways.push('float');
  if (artifact !== undefined) ways.push('cleartext');
  if (artifact !== undefined && secure > 0) ways.push('two-party');
  if (ways.length < 2) throw new UsageError('--compare: expected --artifact, and --checkpoint for float');
  const sample = { ...dataset, examples: dataset.examples.slice(0, secure) };
  return compareWays(ways, (way, onPrediction) =>
    evaluateOn(options, way, way === 'two-party' ? sample : dataset, onPrediction),
  );
}

/** A checkpoint alone is run in float, an artifact in fixed point. */
const backendOf = ({ backend, artifact, checkpoint }: EvaluateOptions): Way =>
  backend ?? (artifact === undefined && checkpoint !== undefined ? 'float' : 'cleartext');

/** The examples that are asked for; with `--fold` a part of the dev file, as a run with `data.splitDev` has it. */
async function readExamples({ task, data, split, fold, limit }: EvaluateOptions): Promise<Dataset> {
  if (fold === undefined) return readGlue(data, task.name, split, { limit: limit ?? null });
  if (split === 'test') throw new UsageError('--fold splits the dev file: expected --split dev or train');
  const whole = await readGlue(data, task.name, 'dev');
  const examples = splitFourToOne(whole.examples, fold)[split];
  return { ...whole, split, examples: examples.slice(0, limit) };
}

async function run(options: GlobalOptions & EvaluateOptions): Promise<void> {
  const { task, split, json } = options;
  const backend = backendOf(options);
  if (options.privateEmbedding && backend !== 'two-party' && !options.compare)
    throw new UsageError('--private-embedding needs --backend two-party');
  const dataset = await readExamples(options);
  const malformed = describeMalformed(dataset.malformed);
  if (malformed) note(malformed);
  if (options.compare) {
    const results = await compare(options, dataset);
    if (json) printJson({ task: task.name, split, compare: results });
    else printComparison(results);
    return;
  }
  const file = predictionFile(options.predictions);
  try {
    const evaluation = await evaluateOn(options, backend, dataset, file.write);
    if (json) printJson({ task: task.name, split, backend, ...evaluation });
    else printEvaluation(options, backend, evaluation);
  } finally {
    await file.close();
  }
}

function knownTask(name: unknown): GlueTask {
  try {
    return taskByName(String(name));
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

export const command: Command<EvaluateOptions> = {
  command: 'evaluate',
  describe: "Measure a task's metric, kept tokens and cost",
  builder: (yargs: Argv<GlobalOptions>) =>
    yargs.options({
      artifact: { type: 'string', describe: 'Folder of the exported model' },
      checkpoint: { type: 'string', describe: 'Trained checkpoint or run, for float' },
      task: { type: 'string', demandOption: true, describe: 'A GLUE task', coerce: knownTask },
      data: { type: 'string', demandOption: true, describe: "Folder with GLUE's own layout" },
      split: { choices: ['train', 'dev', 'test'] as const, default: 'dev', describe: 'Which examples' },
      fold: {
        type: 'string',
        describe:
          'For models of data.splitDev: the fold (1 to 5) of the dev file that they were not trained on',
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
      limit: limitOption,
      predictions: { type: 'string', describe: 'Write one JSON line an example to this file' },
      batch: batchOption,
      cots: cotsOption,
      warm: warmOption,
      'private-embedding': privateEmbeddingOption,
      timeout: timeoutOption,
      json: jsonOption,
    }) as unknown as Argv<GlobalOptions & EvaluateOptions>,
  handler: run,
};
