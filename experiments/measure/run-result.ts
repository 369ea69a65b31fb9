/** What `measure` writes into the folder of a run, and `sweep` and `report` read. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Interval } from '../../data/metrics/interval.js';
import type { Metrics } from '../../data/metrics/metrics.js';
import type { CostEstimate } from '../../inference/cost/cost-model.js';

/** A way to run the model over the dev set, or a part of it. */
export interface Measured {
  readonly examples: number;
  readonly metrics: Metrics;
  /** Of the first metric, 95%; older results have none. */
  readonly interval?: Interval | null | undefined;
  /** Per layer: tokens that leave its pruning ÷ real tokens, mean over examples. */
  readonly keptRatio: readonly number[];
  readonly importantRatio: readonly number[];
  readonly meanKeptRatio: number;
  /** Per example; null where nothing was sent. */
  readonly cost: { readonly milliseconds: number; readonly bytes: number; readonly rounds: number } | null;
}

export interface RunResult {
  readonly formatVersion: 1;
  readonly name: string;
  readonly task: string;
  readonly mode: string;
  readonly labels: readonly string[];
  /** Of what the exported artifact computes, both parts. */
  readonly artifact: string;
  readonly float: Measured;
  /** The exported artifact on the cleartext backend: the integers of private inference. */
  readonly fixedPoint: Measured | null;
  /** Private inference between two processes, on some examples. */
  readonly secure: Measured | null;
  /** Of one text, mean over some texts of the dev set. */
  readonly estimate: CostEstimate & { readonly examples: number };
  /** On n·S, per layer; null for a dense model. */
  readonly thresholds: readonly { readonly prune: number; readonly reduce: number }[] | null;
}

/** One line of tokens.jsonl. */
export interface TokenLine {
  readonly index: number;
  readonly label: number | null;
  readonly predicted: number;
  readonly tokens: readonly string[];
  /** Per token: the layer that pruned it, or null. */
  readonly left: readonly (number | null)[];
  readonly kept: readonly number[];
  readonly important: readonly number[];
}

export const resultFile = (directory: string): string => join(directory, 'result.json');
export const tokensFile = (directory: string): string => join(directory, 'tokens.jsonl');

/** Null where there is none. */
export async function readResult(directory: string): Promise<RunResult | null> {
  const file = resultFile(directory);
  if (!existsSync(file)) return null;
  return JSON.parse(await readFile(file, 'utf8')) as RunResult;
}

/** The first of the task's metrics: what GLUE ranks by. */
export const scoreOf = ({ metrics }: Pick<Measured, 'metrics'>): number => Object.values(metrics)[0] ?? 0;
