/** Runs jobs in order, `workers` of them at a time. Where one throws no other begins. */
export async function runPool(jobs: readonly (() => Promise<void>)[], workers: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    try {
      for (let job = jobs[next++]; job; job = jobs[next++]) await job();
    } catch (error) {
      next = jobs.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, work));
}
