/** Measures a trained run: float, fixed point and private, which tokens leave where, and what a text costs. */
import { join } from 'node:path';
import { mean } from '../../data/metrics/mean.js';
import { scoresOf } from '../../data/metrics/scores.js';
import type { Dataset, Example } from '../../data/sources/dataset.js';
import { loadSplit } from '../../data/sources/load.js';
import { taskOfRun } from '../../data/sources/own.js';
import type { Task } from '../../data/sources/tasks.js';
import { type CostEstimate, estimateCost, meanCost } from '../../inference/cost/cost-model.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { bucketOf } from '../../inference/run/request.js';
import type { ArtifactParts } from '../../model/artifact/artifact-file.js';
import { entryOf } from '../../model/artifact/artifact-manifest.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { sha256 } from '../../model/sha256.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { useBackend } from '../../training/backend/setup.js';
import { type TokenTrace, traceTokens } from '../../training/evaluate/token-trace.js';
import { exportModel } from '../../training/export/export-model.js';
import type { EncodedExample } from '../../training/loop/batches.js';
import { readRunConfig } from '../../training/loop/run-config.js';
import { stateOfCheckpoint } from '../../training/network/model-state.js';
import { type Evaluation, evaluate } from '../evaluate/evaluation.js';
import { withClient } from '../with-client.js';
import {
  type Measured,
  type RunResult,
  readResult,
  resultFile,
  type TokenLine,
  tokensFile,
} from './run-result.js';

export interface MeasureOptions {
  /** The folder of a run. */
  readonly run: string;
  /** Also on the cleartext backend. */
  readonly evaluate: boolean;
  /** Private inference on so many examples. */
  readonly secure: number;
  /** Only so many dev examples; null for all. */
  readonly limit: number | null;
  readonly onExample?: () => void;
}

/** Texts whose costs are counted, spread over the dev set. */
const COST_EXAMPLES = 24;
const SECURE_TIMEOUT_SECONDS = 600;

function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  maxTokens: number,
): EncodedExample[] {
  return examples.map(({ index, text, textPair, label }) => {
    const { ids, tokenTypes } = tokenizer.encode(text, textPair, maxTokens);
    return {
      index,
      ids: Int32Array.from(ids),
      types: Int32Array.from(tokenTypes),
      label: label ?? Number.NaN,
    };
  });
}

const perLayer = (
  traces: readonly TokenTrace[],
  of: 'kept' | 'important',
  tokens: (i: number) => number,
): number[] =>
  (traces[0]?.[of] ?? []).map((_, layer) => mean(traces.map((t, i) => t[of][layer]! / tokens(i))));

/** Metrics and kept tokens of the float model from its traces. */
function floatMeasured(
  task: Task,
  examples: readonly EncodedExample[],
  traces: readonly TokenTrace[],
): Measured {
  const length = (i: number): number => examples[i]!.ids.length;
  const keptRatio = perLayer(traces, 'kept', length);
  const known = examples
    .map(({ label }, i) => ({ label, at: i }))
    .filter(({ label }) => !Number.isNaN(label));
  const scores = scoresOf(
    task,
    known.map(({ at }) => traces[at]!.predicted),
    known.map(({ label }) => label),
  );
  return {
    examples: examples.length,
    metrics: scores.metrics,
    interval: scores.interval,
    keptRatio,
    importantRatio: perLayer(traces, 'important', length),
    meanKeptRatio: mean(keptRatio),
    cost: null,
  };
}

const measuredOf = (evaluation: Evaluation, sent: boolean): Measured => {
  const { examples, metrics, interval, keptRatio, importantRatio, meanKeptRatio, meanCost } = evaluation;
  const cost = sent ? meanCost : null;
  return { examples, metrics, interval, keptRatio, importantRatio, meanKeptRatio, cost };
};

/** Costs of texts spread evenly over the dev set, with the counts that the float model keeps there. */
async function estimate(
  model: Parameters<typeof estimateCost>[0],
  examples: readonly EncodedExample[],
  traces: readonly TokenTrace[],
): Promise<RunResult['estimate']> {
  const step = Math.max(1, Math.floor(examples.length / COST_EXAMPLES));
  const costs: CostEstimate[] = [];
  for (let i = 0; i < examples.length && costs.length < COST_EXAMPLES; i += step) {
    const { kept, important } = traces[i]!;
    const schedule = kept.map((count, layer) => ({ kept: count, important: important[layer]! }));
    costs.push(await estimateCost(model, { bucket: bucketOf(examples[i]!.ids.length), schedule }));
  }
  return { examples: costs.length, ...meanCost(costs) };
}

async function secureMeasured(artifact: string, dataset: Dataset, limit: number): Promise<Measured> {
  const target = {
    address: null,
    artifact,
    privateEmbedding: false,
    timeoutSeconds: SECURE_TIMEOUT_SECONDS,
    cache: false,
    verbose: false,
  };
  const part = { ...dataset, examples: dataset.examples.slice(0, limit) };
  return withClient(target, async (classifier) =>
    measuredOf(await evaluate({ dataset: part, classifier, onPrediction: () => undefined }), true),
  );
}

function tokenLines(
  examples: readonly EncodedExample[],
  traces: readonly TokenTrace[],
  tokenizer: Tokenizer,
): string {
  const lines = examples.map(({ index, ids, label }, i): TokenLine => {
    const { predicted, left, kept, important } = traces[i]!;
    const tokens = Array.from(ids, (id) => tokenizer.token(id));
    return { index, label: Number.isNaN(label) ? null : label, predicted, tokens, left, kept, important };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** What an artifact computes: its files and ranges, without the salt that every export draws afresh. */
function contentDigest({ artifact, publicPart, privatePart }: ArtifactParts): string {
  const files = [...publicPart.files, ...privatePart.files].map(entryOf);
  return sha256(JSON.stringify([files, artifact.public.ranges]));
}

/** What was measured before of the same artifact on the same sentences. */
async function knownMeasures(run: string, artifact: string, examples: number): Promise<RunResult | null> {
  const known = await readResult(run);
  return known?.artifact === artifact && known.float.examples === examples ? known : null;
}

/**
 * Writes artifact/, tokens.jsonl and result.json into the run's folder. What is not asked for stays as it was measured before,
 * if the artifact and the number of sentences are the same.
 */
export async function measureRun(options: MeasureOptions): Promise<RunResult> {
  const { run, limit } = options;
  const config = await readRunConfig(run);
  await useBackend('auto');
  const checkpoint = await readCheckpoint(join(run, 'final'));
  const state = stateOfCheckpoint(checkpoint);
  const tokenizer = createTokenizer(checkpoint.tokenizerFiles, checkpoint.config);
  const encode = (examples: readonly Example[]) => encodeExamples(examples, tokenizer, state.maxTokens);
  const task = await taskOfRun(config);
  const whole = await loadSplit(config, 'dev');
  const dataset = limit === null ? whole : { ...whole, examples: whole.examples.slice(0, limit) };
  const examples = encode(dataset.examples);
  const traces = await traceTokens(state, examples);
  await writeFileAtomically(tokensFile(run), tokenLines(examples, traces, tokenizer));
  const directory = join(run, 'artifact');
  const { parts } = await exportModel({ checkpoint: run, out: directory });
  const digest = contentDigest(parts);
  const known = await knownMeasures(run, digest, examples.length);
  const onPrediction = options.onExample ?? (() => undefined);
  const rounded = options.evaluate
    ? await evaluate({ dataset, classifier: await CleartextClassifier.open(directory), onPrediction })
    : null;
  const result: RunResult = {
    formatVersion: 1,
    name: config.name,
    task: task.name,
    mode: config.masks.mode,
    labels: state.config.labels,
    artifact: digest,
    float: floatMeasured(task, examples, traces),
    fixedPoint: rounded ? measuredOf(rounded, false) : (known?.fixedPoint ?? null),
    secure:
      options.secure > 0 ? await secureMeasured(directory, dataset, options.secure) : (known?.secure ?? null),
    estimate: await estimate(parts.artifact.public, examples, traces),
    thresholds: checkpoint.details?.thresholds ?? null,
  };
  await writeFileAtomically(resultFile(run), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}
