/**
 * How long the chain of messages among three nodes gets: each node's clock is the place of the last message that it has received, and what it
 * sends has the next place (Lamport, CACM 1978). Tasks side by side send what they have at each level before any waits.
 */
import { MOST_MARKS } from '../backends/three-party/pace.js';
import { mapTuple } from '../../util/map-tuple.js';

/** Of nodes 0, 1, 2. */
type Clocks = readonly [number, number, number];

export class NodesClocks {
  /** Before each message of the longest task; outside of tasks there is one. */
  #levels: Clocks[] = [[0, 0, 0]];
  #level = 0;
  #inTasks = false;
  /** Places of the marks that node 0 has not waited for. */
  readonly #marks: number[] = [];
  /** The largest place. */
  messages = 0;

  get #now(): Clocks {
    return this.#levels[this.#level]!;
  }

  #place(...places: readonly number[]): void {
    this.messages = Math.max(this.messages, ...places);
  }

  /** Of node 0 to node 2. */
  deal(): void {
    const [zero, one, two] = this.#now;
    this.#place(zero + 1);
    this.#levels[this.#level] = [zero, one, Math.max(two, zero + 1)];
  }

  /** Of node 2 to node 0, who waits for those that are old. */
  mark(most = MOST_MARKS): void {
    const [zero, one, two] = this.#now;
    this.#marks.push(two + 1);
    this.#place(two + 1);
    if (this.#marks.length > most)
      this.#levels[this.#level] = [
        Math.max(zero, ...this.#marks.splice(0, this.#marks.length - most)),
        one,
        two,
      ];
  }

  /** Between nodes 1 and 2. */
  exchange(): void {
    const [zero, one, two] = this.#now;
    this.#place(one + 1, two + 1);
    this.#next([zero, Math.max(one, two + 1), Math.max(two, one + 1)]);
  }

  /** Of one of the nodes 1 and 2 to the other. */
  pass(from: 1 | 2): void {
    const [zero, one, two] = this.#now;
    this.#place((from === 1 ? one : two) + 1);
    this.#next(from === 1 ? [zero, one, Math.max(two, one + 1)] : [zero, Math.max(one, two + 1), two]);
  }

  /** Each node to the one before it. */
  open(): void {
    const [zero, one, two] = this.#now;
    this.#place(zero + 1, one + 1, two + 1);
    this.#next([Math.max(zero, one + 1), Math.max(one, two + 1), Math.max(two, zero + 1)]);
  }

  /** Each node to both others. */
  all(): void {
    const now = this.#now;
    this.#place(Math.max(...now) + 1);
    this.#next(mapTuple(now, () => Math.max(...now) + 1));
  }

  #next(clocks: Clocks): void {
    if (this.#inTasks) this.#level++;
    const known = this.#levels[this.#level];
    this.#levels[this.#level] =
      known && this.#inTasks ? mapTuple(clocks, (clock, i) => Math.max(clock, known[i]!)) : clocks;
  }

  /** Tasks that send side by side; those inside of a task go one after another. */
  async together<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
    const results: T[] = [];
    const isOuter = !this.#inTasks;
    this.#inTasks = true;
    for (const task of tasks) {
      if (isOuter) this.#level = 0;
      results.push(await task());
    }
    if (isOuter) {
      this.#levels = [this.#levels.at(-1)!];
      this.#level = 0;
      this.#inTasks = false;
    }
    return results;
  }
}
