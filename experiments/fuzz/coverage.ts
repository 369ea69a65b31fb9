/**
 * What an input made the readers do, from istanbul's counters: it is worth keeping if a statement or branch ran that never had, or
 * ran a higher power of two times (as AFL counts).
 */

/** Of a file: statements, and the arms of branches. */
interface FileCounters {
  readonly s: Record<string, number>;
  readonly b: Record<string, number[]>;
}

interface Seen {
  readonly counts: Record<string, number>;
  readonly keys: readonly string[];
  /** The powers of two that each counter has reached, as bits. */
  readonly powers: Uint32Array;
}

const counters = (): Record<string, FileCounters> =>
  (globalThis as { __coverage__?: Record<string, FileCounters> }).__coverage__ ?? {};

const seenOf = (counts: Record<string, number>): Seen => {
  const keys = Object.keys(counts);
  return { counts, keys, powers: new Uint32Array(keys.length) };
};

export class Coverage {
  readonly #seen: readonly Seen[];

  /** Of all files that are loaded. @throws Error if nothing counts */
  constructor() {
    this.#seen = Object.values(counters()).flatMap(({ s, b }) => [
      seenOf(s),
      ...Object.values(b).map((arms) => seenOf(arms as unknown as Record<string, number>)),
    ]);
    if (this.#seen.length === 0) throw new Error('coverage: expected instrumented modules, none is loaded');
  }

  /** Did what ran since the last call reach anything new? Sets all counters to zero. */
  takeNews(): boolean {
    let isNew = false;
    for (const { counts, keys, powers } of this.#seen)
      for (let i = 0; i < keys.length; i++) {
        const count = counts[keys[i]!]!;
        if (count === 0) continue;
        counts[keys[i]!] = 0;
        const power = 1 << (31 - Math.clz32(count));
        if ((powers[i]! & power) !== 0) continue;
        powers[i]! |= power;
        isNew = true;
      }
    return isNew;
  }

  /** Counters that ran at all, of how many. */
  get reached(): readonly [number, number] {
    let [ran, all] = [0, 0];
    for (const { powers } of this.#seen) {
      all += powers.length;
      ran += powers.reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0);
    }
    return [ran, all];
  }
}
