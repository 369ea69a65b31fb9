/** How busy this process's event loop was lately, 0 to 1: of the time since it was last looked at, if that is long enough. */
import { performance } from 'node:perf_hooks';

const LEAST_MILLISECONDS = 500;

export function eventLoopUtilization(): () => number {
  let since = performance.eventLoopUtilization();
  let latest = 1;
  return () => {
    const { idle, active, utilization } = performance.eventLoopUtilization(since);
    if (idle + active < LEAST_MILLISECONDS) return latest;
    since = performance.eventLoopUtilization();
    latest = utilization;
    return latest;
  };
}
