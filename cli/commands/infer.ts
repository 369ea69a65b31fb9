/** `infer`: the client party. */
import { pairFault } from '../../data/sources/own.js';
import { taskOfModel } from '../../data/sources/tasks.js';
import { OUTPUT_FORMATS } from '../../data/tables/write.js';
import { LOCAL_AHEAD_MEGABYTES, withClient } from '../../experiments/with-client.js';
import { withNodes } from '../../experiments/with-nodes.js';
import type { LastingClient } from '../../inference/client/lasting-client.js';
import { DEFAULT_ANSWER, FINEST_LOGITS } from '../../inference/core/answer.js';
import type { Classification } from '../../inference/run/classification.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import { readPublicPart } from '../../model/artifact/artifact-file.js';
import type { TaskColumns } from '../../model/task.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { connectionOf, connectionOptions } from '../connection-options.js';
import {
  answerBits,
  batchOption,
  jsonOption,
  poolOption,
  privateEmbeddingOption,
  warmOption,
  tokenizerLibraryOption,
} from '../model-options.js';
import { certificatesOf, threeAddresses } from '../node-options.js';
import { optional } from '../options.js';
import { progressBar } from '../output.js';
import { formatOption, maxBadRowsOption } from '../own-data-options.js';
import { answerPrinter, Summary } from '../print-answers.js';
import { openTexts, type TextSource } from '../text-source.js';
import type { TextInput } from '../texts.js';

type InferOptions = OptionsOf<typeof OPTIONS>;

function checkTarget(options: InferOptions): void {
  const { connect, connectNodes, local, artifact, privateEmbedding, parties } = options;
  const targets = [connect !== undefined, connectNodes !== undefined, local].filter(Boolean).length;
  if (targets !== 1) throw new UsageError('expected one of --connect, --connect-nodes and --local');
  if (parties === 3 && connect !== undefined)
    throw new UsageError('--parties 3: expected --connect-nodes or --local, got --connect');
  if (local && artifact === undefined) throw new UsageError('--local needs --artifact');
  if (privateEmbedding && !local)
    throw new UsageError('--private-embedding needs --local; a server that runs elsewhere decides by itself');
}

/** Not part of the result: what a user should know about it. */
function warnIfTruncated({ source }: TextInput, { truncatedTokens, tokens }: Classification): void {
  if (truncatedTokens > 0)
    note(
      `cipherprune: ${source}: the text was truncated to ${tokens} tokens, ${truncatedTokens} word pieces were dropped`,
    );
}

/** The first source, and the last if there are several. */
const placeOf = (batch: readonly TextInput[]): string =>
  batch.length === 1 ? batch[0]!.source : `${batch[0]!.source} to ${batch.at(-1)!.source}`;

/** What is asked of a client, of one server or of three nodes. */
type TextClient = Pick<LastingClient, 'model' | 'classifyBatch' | 'prepare' | 'bucketOf'>;

/** The batches; material is made before the first, and between them as long as nobody waits; for the next time after the last. */
async function* warmedBatches(
  texts: TextSource,
  client: TextClient,
  { warm, pool }: Pick<InferOptions, 'warm' | 'pool'>,
): AsyncGenerator<readonly TextInput[]> {
  if (texts.isLive && !process.stdin.isTTY) await client.prepare(warm);
  for (;;) {
    const { isLive } = texts;
    const remaining = pool === undefined ? texts.remaining : Number.POSITIVE_INFINITY;
    const next = texts.next();
    let hasCome = false;
    const come = () => {
      hasCome = true;
    };
    next.then(come, come);
    if (isLive) await client.prepare(warm, { shouldStop: () => hasCome });
    const batch = await next;
    // What the next time takes.
    if (!batch) return pool === undefined ? undefined : client.prepare(warm);
    if (!isLive) await client.prepare(warm, { remaining, bucket: client.bucketOf(batch[0]!) });
    yield batch;
  }
}

const askedColumns = ({ textColumn, textPairColumn }: InferOptions) => ({
  text: textColumn ?? null,
  textPair: textPairColumn ?? null,
  label: null,
});

/** The columns that the model was trained on, where the model is here. */
async function knownColumns({ artifact, file }: InferOptions): Promise<TaskColumns | null> {
  if (artifact === undefined || file === undefined) return null;
  return (await readPublicPart(artifact)).model.task?.columns ?? null;
}

/** Throws where a model of one text is given two, or the other way round. */
function checkPairs(inputs: readonly TextInput[], model: PublicModel): void {
  const task = taskOfModel(model);
  if (task === null) return;
  for (const input of inputs) {
    const fault = pairFault(input, task);
    if (fault !== null)
      throw new UsageError(
        `${input.source}: ${fault}: the model is one for ${task.name}, which reads ${task.pair ? 'pairs' : 'single texts'}`,
      );
  }
}

async function infer(options: GlobalOptions & InferOptions): Promise<void> {
  checkTarget(options);
  const connection = await connectionOf(options);
  const texts = await openTexts({
    ...options,
    asked: askedColumns(options),
    known: await knownColumns(options),
  });
  for (const line of texts.notes) note(line);
  // With --local both parties are the caller's own: nothing need be hidden from him.
  const usual = options.local ? FINEST_LOGITS : DEFAULT_ANSWER;
  const target = {
    ...connection,
    artifact: options.artifact,
    privateEmbedding: options.privateEmbedding,
    tokenizerLibrary: options.tokenizerLibrary,
    serverAnswer: { kind: options.answers ?? usual.kind, bits: options.answerBits ?? usual.bits },
    verbose: options.verbose,
    aheadMegabytes: options.warm > 0 || options.pool !== undefined ? LOCAL_AHEAD_MEGABYTES : 0,
    pool: options.pool,
    ...(options.local && options.pool !== undefined ? { pools: `${options.pool}.server` } : {}),
  };
  const parties = options.connectNodes === undefined ? options.parties : 3;
  const connected = async (body: (client: TextClient) => Promise<void>): Promise<void> => {
    if (parties === 2) return withClient(target, body);
    return withNodes(
      {
        nodes:
          options.connectNodes === undefined ? null : threeAddresses('connect-nodes', options.connectNodes),
        artifact: options.artifact,
        certificates: await certificatesOf(options),
        insecurePlain: options.insecurePlain,
        timeoutSeconds: options.timeout,
        answer: target.serverAnswer,
        suite: options.suite,
        opens: options.opens ?? (options.local ? 'counts' : 'nothing'),
        cache: options.cache,
        verbose: options.verbose,
      },
      body,
    );
  };
  await connected(async (client) => {
    checkPairs(texts.known, client.model);
    const answers = answerPrinter(options, texts.columns, client.model, parties);
    const summary = new Summary();
    const isFile = !texts.isLive && texts.known.length > 1;
    // Lines on a terminal are progress enough.
    const progress = progressBar('infer', isFile && !process.stdout.isTTY ? texts.known.length : 0);
    for await (const batch of warmedBatches(texts, client, options)) {
      checkPairs(batch, client.model);
      const classifications = await client.classifyBatch(batch).catch((error: Error) => {
        throw Object.assign(error, { message: `${placeOf(batch)}: ${error.message}` });
      });
      for (const [i, classification] of classifications.entries()) {
        warnIfTruncated(batch[i]!, classification);
        answers.print(batch[i]!, classification);
        summary.add(classification, client.model.config.problem !== 'regression');
        progress.advance();
      }
    }
    progress.stop();
    if (isFile && !options.json) summary.tell();
  });
}

const OPTIONS = {
  ...connectionOptions,
  'connect-nodes': {
    type: 'string',
    describe: 'HOST:PORT of nodes 0, 1, 2 of three parties (serve-node), with commas between',
    requiresArg: true,
  },
  parties: {
    choices: [2, 3] as const,
    default: 2 as const,
    describe: 'With --local: a server and a client, or three nodes and a client',
  },
  local: { type: 'boolean', default: false, describe: 'Start both parties here, as two processes' },
  artifact: {
    type: 'string',
    describe: 'With --local the model to serve; with --connect the only model to accept',
    requiresArg: true,
  },
  text: { type: 'string', array: true, describe: 'A text; may be repeated', requiresArg: true },
  'text-pair': {
    type: 'string',
    array: true,
    describe: 'The second text of a pair, for every --text',
    requiresArg: true,
  },
  file: {
    type: 'string',
    describe:
      'Texts: .txt (a text a line, or two with a tab between), .csv, .tsv, .jsonl, .json, .parquet; - reads plain lines or JSON ' +
      'lines as they come. Without --text and --file a terminal is asked for texts',
    requiresArg: true,
  },
  'text-column': { type: 'string', describe: "The file's column of texts; guessed", requiresArg: true },
  'text-pair-column': { type: 'string', describe: 'Its column of second texts', requiresArg: true },
  format: formatOption,
  'max-bad-rows': maxBadRowsOption,
  output: {
    choices: OUTPUT_FORMATS,
    describe: "The file's rows with label and probability added, on standard output",
  },
  details: {
    type: 'boolean',
    default: false,
    describe: 'Layers, bytes, rounds and everything that was opened, of every text',
  },
  'tokenizer-library': tokenizerLibraryOption,
  'answer-bits': {
    type: 'string',
    requiresArg: true,
    defaultDescription: `${FINEST_LOGITS.bits}`,
    describe: 'With --local: fraction bits of probabilities or logits; else the server decides',
    coerce: optional(answerBits),
  },
  batch: batchOption,
  warm: warmOption,
  pool: poolOption,
  'private-embedding': privateEmbeddingOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'infer',
  describe: 'Run the client party: classify texts that never leave this side',
  options: OPTIONS,
  handler: infer,
});
