/** `evaluate`: a task's metric, kept tokens and cost, in the clear or privately. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Argv } from 'yargs';
import { describeMalformed } from '../../data/dataset.js';
import { readGlue } from '../../data/glue.js';
import { type Split, type Task, taskByName } from '../../data/tasks.js';
import type { Command, GlobalOptions } from '../commands.js';
import { UsageError } from '../errors.js';
import { type Classifier, checkTask, type Evaluation, evaluate, type Prediction } from '../evaluation.js';
import {
  batchOption,
  jsonOption,
  limitOption,
  privateEmbeddingOption,
  timeoutOption,
} from '../model-options.js';
import { megabytes, note, print, printJson, printTable, progressBar } from '../output.js';
import { withClient } from '../two-party.js';

interface EvaluateOptions {
  readonly artifact: string;
  readonly task: Task;
  readonly data: string;
  readonly split: Split;
  readonly backend: 'cleartext' | 'two-party';
  readonly limit?: number | undefined;
  readonly predictions?: string | undefined;
  readonly batch: number;
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

/** Runs `body` with the classifier of the chosen backend. */
async function withClassifier<T>(
  options: GlobalOptions & EvaluateOptions,
  body: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const { artifact, task, backend, privateEmbedding, timeout, verbose } = options;
  if (backend === 'cleartext') {
    if (privateEmbedding) throw new UsageError('--private-embedding needs --backend two-party');
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
    verbose,
  };
  return withClient(target, (client) => {
    checkTask(task, client.model);
    return body(client);
  });
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)}%`;

function printEvaluation(options: EvaluateOptions, evaluation: Evaluation): void {
  const { examples, metrics, truncated, meanCost } = evaluation;
  print(`${options.task.name} ${options.split}, ${options.backend}, ${examples} examples`);
  for (const [name, value] of Object.entries(metrics)) print(`  ${name}: ${value.toFixed(4)}`);
  if (truncated > 0) print(`  truncated texts: ${truncated}`);
  print(
    `  per example: ${Math.round(meanCost.milliseconds)} ms, ${megabytes(meanCost.bytes)} MB, ${meanCost.rounds} rounds`,
  );
  const rows = evaluation.keptRatio.map((kept, layer) => [
    layer,
    percent(kept),
    percent(evaluation.importantRatio[layer]!),
  ]);
  printTable(['layer', 'kept', 'important'], rows);
}

async function run(options: GlobalOptions & EvaluateOptions): Promise<void> {
  const { task, data, split, limit, json } = options;
  const dataset = await readGlue(data, task.name, split, { limit: limit ?? null });
  const malformed = describeMalformed(dataset.malformed);
  if (malformed) note(malformed);
  const file = predictionFile(options.predictions);
  const progress = progressBar(`evaluate ${options.backend}`, dataset.examples.length);
  try {
    const evaluation = await withClassifier(options, (classifier) =>
      evaluate({
        dataset,
        classifier,
        batch: options.batch,
        onPrediction(prediction) {
          file.write(prediction);
          progress.advance();
        },
      }),
    );
    progress.stop();
    if (json) printJson({ task: task.name, split, backend: options.backend, ...evaluation });
    else printEvaluation(options, evaluation);
  } finally {
    progress.stop();
    await file.close();
  }
}

function knownTask(name: unknown): Task {
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
      artifact: { type: 'string', demandOption: true, describe: 'Folder of the exported model' },
      task: { type: 'string', demandOption: true, describe: 'A GLUE task', coerce: knownTask },
      data: { type: 'string', demandOption: true, describe: "Folder with GLUE's own layout" },
      split: { choices: ['train', 'dev', 'test'] as const, default: 'dev', describe: 'Which examples' },
      backend: {
        choices: ['cleartext', 'two-party'] as const,
        default: 'cleartext',
        describe: 'In the clear (fixed point), or privately with both parties here',
      },
      limit: limitOption,
      predictions: { type: 'string', describe: 'Write one JSON line an example to this file' },
      batch: batchOption,
      'private-embedding': privateEmbeddingOption,
      timeout: timeoutOption,
      json: jsonOption,
    }) as unknown as Argv<GlobalOptions & EvaluateOptions>,
  handler: run,
};
