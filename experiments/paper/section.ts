/** A table or figure of the paper, and the points that it is made of. */
import type { ModelName } from '../../bench/model-sizes.js';
import type { Block } from './block.js';
import { countedPoint, type InferenceSpec, type Parties, runPoint } from './inference-points.js';
import type { Point } from './point.js';
import type { Results } from './results.js';

/** What is measured. */
export interface Shapes {
  /** Of Table 1. */
  readonly models: readonly ModelName[];
  /** Of everything else. */
  readonly model: ModelName;
  readonly tokens: number;
  readonly lengths: readonly number[];
  /** A run that would take longer is counted only. */
  readonly longestSeconds: number;
}

export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Needs the trainings. */
  readonly trains?: boolean;
  points(shapes: Shapes): Promise<Point[]>;
  blocks(shapes: Shapes, results: Results): Block[];
}

/** Counted, and run where that is not too long. */
export async function costPoints(
  specs: readonly InferenceSpec[],
  { longestSeconds }: Shapes,
  parties: readonly Parties[] = [2],
): Promise<Point[]> {
  const runs = await Promise.all(specs.flatMap((spec) => parties.map((count) => runPoint(spec, count))));
  return [...specs.map(countedPoint), ...runs.filter((point) => point.seconds <= longestSeconds)];
}
