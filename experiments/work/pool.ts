/** Runs jobs in order, `workers` of them at a time. A job must not throw. */
export async function runPool(jobs: readonly (() => Promise<void>)[], workers: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await job();
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, work));
}
