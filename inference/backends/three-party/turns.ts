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
  /** Tasks that are not done, in turn, by what wakes them; the first one runs. */
  readonly #waiting: (() => void)[] = [];

  /** Runs a task from its first turn to its end. */
  async run<T>(task: (turn: Turn) => Promise<T>): Promise<T> {
    await this.#queue();
    try {
      return await task({ pass: () => this.#pass() });
    } finally {
      this.#waiting.shift();
      this.#wakeFirst();
    }
  }

  #pass(): Promise<void> {
    const again = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#waiting.shift();
    this.#wakeFirst();
    return again;
  }

  #queue(): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#waiting.length === 1) this.#wakeFirst();
    return turn;
  }

  #wakeFirst(): void {
    this.#waiting[0]?.();
  }
}

/** Every task to its end, also where one fails; then the first failure is thrown. */
export async function inTurns<T>(tasks: readonly ((turn: Turn) => Promise<T>)[]): Promise<T[]> {
  const rota = new Rota();
  const results = await Promise.allSettled(tasks.map((task) => rota.run(task)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
