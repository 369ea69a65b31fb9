/** What a text of an artifact costs on a network that is not here: bytes and rounds exactly, seconds by the cost model. */
import { dirname, resolve } from 'node:path';
import {
  estimateCost,
  meanCost,
  type NetworkModel,
  networkModels,
  secondsOn,
} from '../../inference/cost/cost-model.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { BEGIN_COST } from '../../inference/net/notice.js';
import { bucketOf } from '../../inference/run/request.js';
import type { TextOrPair } from '../../inference/run/text-input.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import { readPublicPart } from '../../model/artifact/artifact-file.js';
import { readResult } from '../measure/run-result.js';
import { withClient } from '../with-client.js';

/** How many tokens leave each layer, and how that is known. */
interface Shape {
  readonly bucket: number;
  readonly schedule: readonly { readonly kept: number; readonly important: number }[];
}

export type ScheduleSource =
  /** The artifact ran in the clear over texts. */
  | 'texts'
  /** As the caller says. */
  | 'given'
  /** The model has a public number for every length and layer: every text of a length costs the same. */
  | 'schedule'
  /** Shares that `measure` found on the dev set of the run that the artifact lies in. */
  | 'measured run'
  /** Nothing is known: no token leaves, the most that a text can cost. */
  | 'no token leaves';

export interface EstimateRequest {
  readonly artifact: string;
  /** Of a text, special tokens included; ignored where there are texts. Null: 64, or as many as the model reads. */
  readonly tokens: number | null;
  /** Tokens that leave each layer but the last; null: whatever is known. */
  readonly kept: readonly number[] | null;
  /** Texts to run in the clear; the artifact needs its private part then. */
  readonly texts: readonly TextOrPair[];
  readonly network: NetworkModel;
  /** Also runs a text privately here, to fit the machine's rates. */
  readonly measureHere: boolean;
}

export interface Estimate {
  readonly task: string | null;
  readonly tokens: number;
  readonly schedule: readonly number[];
  readonly source: ScheduleSource;
  readonly texts: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly seconds: {
    readonly own: number;
    readonly loopback: number;
    readonly lan: number;
    readonly wan: number;
  };
  readonly network: { readonly roundTripMilliseconds: number; readonly megabitsPerSecond: number };
  /** Time that computing takes here ÷ on the machine of the cost model; 1 unless it was measured. */
  readonly machine: number;
}

/** A text of three or four sentences. */
const USUAL_TOKENS = 64;

const everyToken = (model: PublicModel, tokens: number): Shape => ({
  bucket: bucketOf(tokens),
  schedule: Array.from({ length: model.config.layers }, () => ({ kept: tokens, important: tokens })),
});

/** Counts of a list, the last layer going on with one token alone. */
function givenShape(model: PublicModel, tokens: number, kept: readonly number[]): Shape {
  const counts = [...kept, 1].slice(0, model.config.layers);
  return { bucket: bucketOf(tokens), schedule: counts.map((count) => ({ kept: count, important: count })) };
}

/** The counts of a model that opens none. */
function scheduledShape({ schedule }: PublicModel, tokens: number): Shape | null {
  const bucket = bucketOf(tokens);
  const layers = schedule?.find((one) => one.tokens === bucket)?.layers;
  return layers === undefined ? null : { bucket, schedule: [...layers, { kept: 1, important: 1 }] };
}

/** Shares of a measured run as counts. */
async function measuredShape(artifact: string, model: PublicModel, tokens: number): Promise<Shape | null> {
  const result = await readResult(dirname(resolve(artifact)));
  if (result === null || result.float.keptRatio.length !== model.config.layers) return null;
  const count = (share: number): number => Math.max(1, Math.round(share * tokens));
  const { keptRatio, importantRatio } = result.float;
  return {
    bucket: bucketOf(tokens),
    schedule: keptRatio.map((share, at) => ({ kept: count(share), important: count(importantRatio[at]!) })),
  };
}

async function shapesOfTexts({ artifact, texts }: EstimateRequest): Promise<Shape[]> {
  const classifier = await CleartextClassifier.open(artifact);
  const shapes: Shape[] = [];
  for (const text of texts) {
    const { bucket, layers } = await classifier.classify(text);
    shapes.push({ bucket, schedule: layers });
  }
  return shapes;
}

async function shapesOf(
  request: EstimateRequest,
  model: PublicModel,
): Promise<{ readonly shapes: readonly Shape[]; readonly source: ScheduleSource }> {
  const { texts, kept, artifact } = request;
  const tokens = request.tokens ?? Math.min(USUAL_TOKENS, model.maxTokens);
  if (texts.length > 0) return { shapes: await shapesOfTexts(request), source: 'texts' };
  if (kept !== null) return { shapes: [givenShape(model, tokens, kept)], source: 'given' };
  const fixed = scheduledShape(model, tokens);
  if (fixed !== null) return { shapes: [fixed], source: 'schedule' };
  const measured = await measuredShape(artifact, model, tokens);
  if (measured !== null) return { shapes: [measured], source: 'measured run' };
  return { shapes: [everyToken(model, tokens)], source: 'no token leaves' };
}

/** Texts of the run that fits the machine's rates: the second, since the first warms up. */
const FITTED_ON = ['a short text of a few words', 'and another one of as many words'];

/** Seconds of a private text here ÷ those that the cost model says. */
async function fitMachine(artifact: string, model: PublicModel): Promise<number> {
  const target = {
    address: null,
    artifact,
    privateEmbedding: false,
    timeoutSeconds: 600,
    cache: false,
    verbose: false,
  };
  const pair = model.task?.pair ? FITTED_ON[0]! : null;
  const results = await withClient(target, async (client) => {
    const all = [];
    for (const text of FITTED_ON) all.push(await client.classify({ text, textPair: pair }));
    return all;
  });
  const { bucket, layers, cost } = results.at(-1)!;
  const said = await estimateCost(model, { bucket, schedule: layers });
  return cost.milliseconds / 1000 / said.seconds.loopback;
}

/** @throws ArtifactError; RangeError for more tokens than the model reads */
export async function estimate(request: EstimateRequest): Promise<Estimate> {
  const { model } = await readPublicPart(request.artifact);
  const { tokens = null, network } = request;
  if (tokens !== null && tokens > model.maxTokens)
    throw new RangeError(`estimate: expected at most the model's ${model.maxTokens} tokens, got ${tokens}`);
  const { shapes, source } = await shapesOf(request, model);
  const costs = [];
  for (const shape of shapes) costs.push(await estimateCost(model, shape));
  const run = meanCost(costs);
  const mean = { ...run, bytes: run.bytes + BEGIN_COST.bytes, rounds: run.rounds + BEGIN_COST.rounds };
  const machine = request.measureHere ? await fitMachine(request.artifact, model) : 1;
  const on = (one: NetworkModel): number => secondsOn(mean, one, machine);
  const layers = model.config.layers;
  const meanKept = Array.from(
    { length: layers },
    (_, at) => shapes.reduce((sum, { schedule }) => sum + (schedule[at]?.kept ?? 0), 0) / shapes.length,
  );
  return {
    task: model.task?.name ?? null,
    tokens: shapes.reduce((sum, { bucket }) => sum + bucket, 0) / shapes.length,
    schedule: meanKept,
    source,
    texts: request.texts.length,
    bytes: mean.bytes,
    rounds: mean.rounds,
    seconds: {
      own: on(network),
      loopback: on(networkModels.loopback),
      lan: on(networkModels.lan),
      wan: on(networkModels.wan),
    },
    network: {
      roundTripMilliseconds: network.roundTripMilliseconds,
      megabitsPerSecond: network.bandwidthBitsPerSecond / 1e6,
    },
    machine,
  };
}
