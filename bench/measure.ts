/** Time and memory. Of repeated work the fastest run counts, since other work on the machine only ever adds. */
import { readFileSync } from 'node:fs';

/** Repeats `body` for about `budgetMilliseconds`, at least three times; milliseconds of the fastest run. */
export async function fastestRun(body: () => unknown, budgetMilliseconds: number): Promise<number> {
  await body();
  const end = performance.now() + budgetMilliseconds;
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 || performance.now() < end; run++) {
    const started = performance.now();
    await body();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

/** Three significant digits. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

/**
 * Largest resident set of this process. On Linux the system's own maximum starts at the parent's size at the time of the
 * fork, which a benchmark that drew a model's weights must not charge its children; the mark of the address space is ours.
 */
export function peakMemoryBytes(): number {
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(ownStatus())?.[1];
  return 1024 * (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes));
}

/**
 * What of the resident set is this process's alone: not Node's program and libraries, which all processes of a machine share. Null where the
 * system does not tell.
 */
export function ownMemoryBytes(): number | null {
  const kilobytes = /^RssAnon:\s*(\d+) kB$/m.exec(ownStatus())?.[1];
  return kilobytes === undefined ? null : 1024 * Number(kilobytes);
}

/** Linux only; empty elsewhere. */
function ownStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
