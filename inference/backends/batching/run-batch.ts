/** A batch: one program on several inputs in one protocol run. */
import { currentSpan } from '../../core/span.js';
import type { Backend } from '../backend.js';
import { type LaneLeak, laneBackend } from './lane-backend.js';
import { UNMEASURED } from './lane-span.js';
import { Lockstep } from './lockstep.js';

/**
 * Runs `body` once a lane, each with a backend of its own over `mpc`; both parties call it with as many lanes. The results
 * are those of one run after another, the rounds nearly those of the longest. An error in one lane fails the batch.
 *
 * Costs of all lanes count in the open span. `onLeak` is told what each lane opens: merged openings are one for `mpc`.
 */
export async function runBatch<T>(
  mpc: Backend,
  lanes: number,
  body: (lane: Backend, index: number) => Promise<T>,
  onLeak: LaneLeak = () => undefined,
): Promise<T[]> {
  const lockstep = new Lockstep(mpc, lanes);
  const measured = currentSpan() ?? UNMEASURED;
  const runs = Array.from({ length: lanes }, (_, index) =>
    lockstep.run(measured, () => body(laneBackend(index, lockstep, onLeak), index)),
  );
  await Promise.allSettled(runs);
  if (lockstep.failure) throw lockstep.failure.error;
  return Promise.all(runs);
}
