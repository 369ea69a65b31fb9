/** Points that are there, as the sections read them. */
import { countedPoint, type InferenceSpec, type Parties, runId } from './inference-points.js';
import type { PointsFile } from './points-file.js';
import type { Trained } from './trained.js';

interface ProtocolFigure {
  readonly name: string;
  readonly bytes: number;
  readonly rounds: number;
  /** Null where nothing ran. */
  readonly milliseconds?: number | null;
}

/** What counted and measured inferences have in common. */
export interface InferenceResult {
  readonly bytes: number;
  readonly rounds: number;
  readonly milliseconds: number | null;
  readonly estimatedSeconds?: { readonly loopback: number; readonly lan: number; readonly wan: number };
  readonly protocols: readonly ProtocolFigure[];
}

/** Null: not measured. */
export type Found<T> = T | 'failed' | null;

export class Results {
  constructor(
    private readonly points: PointsFile,
    readonly trained: readonly Trained[],
  ) {}

  /** The JSON of one point. */
  of<T>(id: string): Found<T> {
    const point = this.points.get(id);
    if (point === null) return null;
    return point.status === 'failed' ? 'failed' : (point.result as T);
  }

  counted(spec: InferenceSpec): Found<InferenceResult> {
    return this.of(countedPoint(spec).id);
  }

  run(spec: InferenceSpec, parties: Parties): Found<InferenceResult> {
    return this.of(runId(spec, parties));
  }
}
