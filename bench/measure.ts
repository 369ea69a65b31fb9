/** Timing of repeated work: the fastest run counts, since other work on the machine only ever adds. */

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
