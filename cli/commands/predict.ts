/** `predict`: the rows of a file with label and probability added, or GLUE's submission files. */
import { extname } from 'node:path';
import { readTextRows } from '../../data/sources/text-rows.js';
import { OUTPUT_FORMATS, type OutputFormat } from '../../data/tables/write.js';
import type { Classifier } from '../../experiments/evaluate/evaluation.js';
import { predictFile, predictTest } from '../../experiments/evaluate/predict.js';
import { glueTaskOf, readSubject, type Subject } from '../../experiments/evaluate/subject.js';
import { FLOAT_BATCH, withClassifier } from '../../experiments/evaluate/with-classifier.js';
import { withClient } from '../../experiments/with-client.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { connectionOf, connectionOptions } from '../connection-options.js';
import { batchOption, jsonOption } from '../model-options.js';
import { print, printJson, progressBar } from '../output.js';
import { columnOptions, formatOption, glueTaskOption, labelMapOption } from '../own-data-options.js';

type PredictOptions = OptionsOf<typeof OPTIONS>;

function checkOptions({ artifact, checkpoint, connect, file, split, data }: PredictOptions): void {
  const models = [artifact, checkpoint, connect].filter((model) => model !== undefined).length;
  if (models !== 1) throw new UsageError('predict: expected one of --artifact, --checkpoint and --connect');
  if ((file === undefined) === (split === undefined))
    throw new UsageError('predict: expected either --file, or --split test with --data');
  if (split !== undefined && data === undefined)
    throw new UsageError("predict: --split test: expected --data, the folder of GLUE's files");
}

/** Of the output, by its name unless it is said. */
function outputFormat({ out, output }: PredictOptions): OutputFormat {
  const ending = extname(out).slice(1).toLowerCase();
  const format = output ?? OUTPUT_FORMATS.find((name) => name === ending);
  if (format !== undefined) return format;
  throw new UsageError(`--out: expected a file that ends in .csv, .tsv or .jsonl, or --output, got ${out}`);
}

type WithModel = <T>(
  examples: number,
  body: (classifier: Classifier, batch: number) => Promise<T>,
) => Promise<T>;

async function predictFromFile(
  options: PredictOptions,
  subject: Subject,
  withModel: WithModel,
): Promise<void> {
  const { file, format, out, json, labelMap = null } = options;
  const asked = { text: options.text ?? null, textPair: options.textPair ?? null, label: null };
  const texts = await readTextRows({ file: file!, format, asked, known: subject.task?.columns ?? null });
  for (const line of texts.notes) note(line);
  const target = { path: out, format: outputFormat(options) };
  const progress = progressBar('predict', texts.rows.length);
  const predicted = await withModel(texts.rows.length, (classifier, batch) =>
    predictFile(texts, subject, labelMap, target, { classifier, batch, onAnswer: () => progress.advance() }),
  ).finally(() => progress.stop());
  const { skipped, rows, answered, labels } = predicted;
  if (skipped.count > 0) note(`without an answer: ${skipped.count}`);
  for (const { line, reason } of skipped.first) note(`  ${file}:${line}: ${reason}`);
  if (json) return printJson({ file, out, rows, answered, labels, skipped });
  const counts = Object.entries(labels).map(([label, count]) => `${label} ${count}`);
  print([`${out}: ${rows} rows, ${answered} answered`, ...counts].join('; '));
}

async function predictSubmission(
  options: PredictOptions,
  subject: Subject,
  withModel: WithModel,
): Promise<void> {
  const { out, data, json, labelMap = null } = options;
  const task = options.task ?? glueTaskOf(subject);
  const { path, rows } = await withModel(0, (classifier, batch) =>
    predictTest(task, data!, subject, labelMap, out, { classifier, batch, onAnswer: () => undefined }),
  );
  if (json) printJson({ task: task.name, out: path, rows });
  else print(`${path}: ${rows} rows`);
}

async function predict(options: GlobalOptions & PredictOptions): Promise<void> {
  checkOptions(options);
  if (options.file !== undefined) outputFormat(options);
  const { artifact, checkpoint, connect, batch, cots, timeout, verbose } = options;
  const run = options.file === undefined ? predictSubmission : predictFromFile;
  const common = { privateEmbedding: false, timeoutSeconds: timeout, verbose };
  if (connect !== undefined) {
    await withClient({ ...common, ...(await connectionOf(options)) }, (client) =>
      run(options, client.model, (_, body) => body(client, batch)),
    );
    return;
  }
  const backend = artifact === undefined ? 'float' : 'cleartext';
  const size = backend === 'float' ? FLOAT_BATCH : batch;
  await run(options, await readSubject(artifact, checkpoint), (examples, body) =>
    withClassifier({ ...common, artifact, checkpoint, cots, warm: 0 }, backend, examples, (one) =>
      body(one, size),
    ),
  );
}

const OPTIONS = {
  artifact: { type: 'string', describe: 'Exported model, in fixed point', requiresArg: true },
  checkpoint: { type: 'string', describe: 'Trained checkpoint or run, in float', requiresArg: true },
  ...connectionOptions,
  file: { type: 'string', describe: 'The input, of whatever format', requiresArg: true },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'The output (.csv, .tsv or .jsonl); with --split test a folder',
    requiresArg: true,
  },
  text: columnOptions.text,
  'text-pair': columnOptions['text-pair'],
  format: formatOption,
  output: {
    choices: OUTPUT_FORMATS,
    describe: "Format of the output, where its name's ending does not say it",
  },
  split: {
    choices: ['test'] as const,
    describe: "Answer a GLUE task's test file, as its submission wants it",
  },
  task: glueTaskOption,
  data: { type: 'string', describe: "Folder with GLUE's own layout" },
  'label-map': labelMapOption,
  batch: batchOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'predict',
  describe: "Write a file's rows with label and probability, or GLUE's submission files",
  options: OPTIONS,
  handler: predict,
});
