/**
 * Tasks side by side at a node, in an order that is the same at all nodes: one task runs at a time, until it has sent what a step
 * exchanges; then the next one runs, and what it sends leaves with that. So tasks share the time of their messages, and generators and
 * channels are used in one order everywhere.
 */

/** Of one task. */
export interface Turn {
  /** Lets the others run; resolves when it is this task's turn again. */
  pass(): Promise<void>;
}

class Rota {
  /** What wakes the tasks, in turn; the first one runs. */
  readonly #waiting: (() => void)[] = [];

  /** At the end; resolves when everybody before has passed. */
  enter(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  wakeFirst(): void {
    this.#waiting[0]?.();
  }

  /** Of the task that runs. */
  leave(): void {
    this.#waiting.shift();
    this.wakeFirst();
  }

  pass(): Promise<void> {
    const again = this.enter();
    this.leave();
    return again;
  }
}

/** Every task to its end, also where one fails; then the first failure is thrown. */
export async function inTurns<T>(tasks: readonly ((turn: Turn) => Promise<T>)[]): Promise<T[]> {
  const rota = new Rota();
  const running = tasks.map(async (task) => {
    await rota.enter();
    try {
      return await task({ pass: () => rota.pass() });
    } finally {
      rota.leave();
    }
  });
  rota.wakeFirst();
  const results = await Promise.allSettled(running);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
