/**
 * `bench inference --counted`: what a text costs by shapes alone. Bytes and rounds are those of a real run (the engine
 * on a backend that counts); seconds are the cost model's estimate, and memory is not known.
 */
import { FINEST_LOGITS } from '../inference/core/answer.js';
import { type CotKind, DEFAULT_COTS } from '../inference/core/cot-kind.js';
import { DEFAULT_LINE, type LineSpeed } from '../inference/core/line-speed.js';
import { estimateNodesCost } from '../inference/cost/nodes-cost.js';
import { type CostEstimate, estimateCost, type TextCost } from '../inference/cost/cost-model.js';
import type { ScheduledCounts } from '../inference/cost/schedule.js';
import { bucketOf } from '../inference/run/request.js';
import { DEFAULT_METHOD } from '../methods/index.js';
import type { Method } from '../methods/method.js';
import { methodReference } from '../methods/reference.js';
import type { PublicModel } from '../model/artifact/artifact.js';
import { leavingCounts, type ModelName, modelConfigOf } from './model-sizes.js';
import { configFor, randomArtifact } from './random-model.js';

export interface CountedOptions {
  readonly model: ModelName;
  readonly method: Method;
  readonly tokens: number;
  /** Tokens that each layer computes on; null where nothing is learned. */
  readonly schedule: readonly number[] | null;
  /** Share of the kept tokens that stay in high degree. */
  readonly importantRatio: number;
  readonly cots?: CotKind;
  readonly checks?: boolean;
  /** The client has the weights that can stay there; false unless given. */
  readonly residentWeights?: boolean;
  /** Both parties multiply shared matrices; true unless given. */
  readonly mutual?: boolean;
  /** By which ciphertexts are laid out; fast unless given. */
  readonly line?: LineSpeed;
}

/** The fields of a measured inference that counting can fill, under the same names. */
export interface CountedFigure {
  readonly model: ModelName;
  readonly tokens: number;
  readonly method: string;
  readonly parties: 2;
  readonly schedule: readonly number[] | null;
  readonly network: 'loopback';
  readonly cots: CotKind;
  readonly line: LineSpeed;
  readonly checks: boolean;
  readonly counted: true;
  /** What the client keeps of the weights; null where rows travel as ciphertexts. */
  readonly residentWeights: { readonly keptBytes: number } | null;
  readonly milliseconds: null;
  readonly estimatedSeconds: CostEstimate['seconds'];
  readonly bytes: number;
  readonly rounds: number;
  /** Both directions. */
  readonly correlatedOts: number;
  readonly layers: CostEstimate['layers'];
  /** Dearest first; protocols contain each other. */
  readonly protocols: CostEstimate['protocols'];
}

/** Among three nodes: no COTs, and the model of time is one of two parties. */
export interface NodesCountedFigure
  extends Omit<
    CountedFigure,
    'parties' | 'cots' | 'line' | 'checks' | 'residentWeights' | 'estimatedSeconds' | 'correlatedOts'
  > {
  readonly parties: 3;
  readonly estimatedSeconds: null;
  /** Of the client's links, both directions; `bytes` counts them too. */
  readonly clientBytes: number;
}

const SHAPES = new Map<string, PublicModel>();

/** Costs depend on shapes only: no vocabulary is needed. */
export function shapesOf(model: ModelName, method: Method = DEFAULT_METHOD): PublicModel {
  const config = configFor(method, { ...modelConfigOf(model), vocabularySize: 8 });
  const key = JSON.stringify(config);
  let shapes = SHAPES.get(key);
  if (!shapes) {
    shapes = randomArtifact(config, 1).public;
    SHAPES.set(key, shapes);
  }
  return shapes;
}

/** A method that only prunes has all kept tokens in high degree. */
export const importantShare = (method: Method, ratio: number): number =>
  method.learns === 'prune' ? 1 : ratio;

/** What each layer leaves, as the cost model wants it. */
export const countsOf = (schedule: readonly number[], importantRatio: number): ScheduledCounts[] =>
  leavingCounts(schedule).map((kept) => ({ kept, important: 1 + Math.ceil((kept - 1) * importantRatio) }));

const modelShapes = ({ model, method }: CountedOptions): PublicModel => ({
  ...shapesOf(model, method),
  method: methodReference(method),
});

const textShape = ({ method, tokens, schedule, importantRatio }: CountedOptions) => ({
  bucket: bucketOf(tokens),
  answer: FINEST_LOGITS,
  schedule: schedule ? countsOf(schedule, importantShare(method, importantRatio)) : [],
});

/** One text by the cost model. */
export function countedCost(options: CountedOptions): Promise<TextCost> {
  const { cots = DEFAULT_COTS, checks = false, line = DEFAULT_LINE } = options;
  return estimateCost(modelShapes(options), {
    ...textShape(options),
    cots,
    checks,
    line,
    resident: options.residentWeights ?? false,
    mutual: options.mutual ?? true,
  });
}

/** The same among three nodes. */
export async function countNodesInference(
  options: Omit<CountedOptions, 'cots' | 'checks'>,
): Promise<NodesCountedFigure> {
  const { model, method, tokens, schedule } = options;
  const { layers, protocols, bytes, clientBytes, rounds } = await estimateNodesCost(
    modelShapes(options),
    textShape(options),
  );
  return {
    model,
    tokens,
    method: method.name,
    parties: 3,
    schedule,
    network: 'loopback',
    counted: true,
    milliseconds: null,
    estimatedSeconds: null,
    bytes,
    clientBytes,
    rounds,
    layers,
    protocols: [...protocols].sort((a, b) => b.bytes - a.bytes),
  };
}

export async function countInference(options: CountedOptions): Promise<CountedFigure> {
  const {
    model,
    method,
    tokens,
    schedule,
    cots = DEFAULT_COTS,
    checks = false,
    line = DEFAULT_LINE,
  } = options;
  const cost = await countedCost(options);
  return {
    model,
    tokens,
    method: method.name,
    parties: 2,
    schedule,
    network: 'loopback',
    cots,
    line,
    checks,
    counted: true,
    residentWeights: options.residentWeights ? { keptBytes: cost.keptBytes } : null,
    milliseconds: null,
    estimatedSeconds: cost.seconds,
    bytes: cost.bytes,
    rounds: cost.rounds,
    correlatedOts: cost.cots,
    layers: cost.layers,
    protocols: [...cost.protocols].sort((a, b) => b.bytes - a.bytes),
  };
}
