/** A sweep of the first steps' configuration, of which nothing is told. */
import type { SweepOptions } from '../../experiments/sweep/sweep.js';

export const quietSweep = (
  given: Pick<SweepOptions, 'out' | 'settings'> & Partial<SweepOptions>,
): SweepOptions => ({
  config: 'configs/first-steps.yaml',
  overrides: [],
  evaluate: false,
  secure: 0,
  teacherSeeds: [],
  onPlan: () => undefined,
  onLine: () => undefined,
  onDone: () => undefined,
  ...given,
});
