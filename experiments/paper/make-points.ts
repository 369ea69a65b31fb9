/** Makes the points that are not there yet. */
import { failureMessage } from '../../util/errors.js';
import { runPool } from '../work/pool.js';
import type { Runner } from '../work/runner.js';
import type { KeptPoint, Point } from './point.js';
import type { PointsFile } from './points-file.js';

export interface MakingPoints {
  readonly runner: Runner;
  /** Digest of the code that makes them. */
  readonly code: string;
  readonly onLine: (point: Point, line: string) => void;
  readonly onPoint: (kept: KeptPoint) => void;
}

/** Those of the points that have to be made, each once; what failed before is tried again. */
export function missing(points: readonly Point[], file: PointsFile): Point[] {
  const wanted = new Map(points.map((point) => [point.id, point]));
  return [...wanted.values()].filter(({ id }) => file.get(id)?.status !== 'done');
}

/** A failure is a point too, and the others go on; an interruption is none. */
async function made(point: Point, { runner, code, onLine }: MakingPoints): Promise<KeptPoint> {
  const started = performance.now();
  const of = { id: point.id, code, at: new Date().toISOString() };
  try {
    const result = point.here
      ? await point.here()
      : JSON.parse(await runner.run(point.args, (line) => onLine(point, line)));
    const seconds = Math.round((performance.now() - started) / 10) / 100;
    return { ...of, status: 'done', seconds, result };
  } catch (error) {
    return { ...of, status: 'failed', error: failureMessage(error) };
  }
}

/** Each is in the file as soon as it is there. */
export async function makePoints(
  points: readonly Point[],
  file: PointsFile,
  making: MakingPoints,
): Promise<void> {
  await runPool(
    missing(points, file).map((point) => async () => {
      const kept = await made(point, making);
      await file.add(kept);
      making.onPoint(kept);
    }),
    making.runner.parallel,
  );
}
