/**
 * How few samples determine the unknowns that they touch: a set of samples whose unknowns are no more than the samples. The fewer,
 * the likelier all of them are free of noise. With sparse rows there are such sets far below `unknowns` samples.
 */
import type { LpnInstance } from './lpn-instance.js';

/** A share `samples` of all samples whose unknowns are a share `unknowns` of all. */
export interface Subset {
  readonly unknowns: number;
  readonly samples: number;
}

/** Unknowns chosen at random: of a share s, s^rowWeight of the samples lie inside. */
export function randomSubset({ unknowns, samples, rowWeight }: LpnInstance): Subset {
  const share = (unknowns / samples) ** (1 / (rowWeight - 1));
  return { unknowns: share, samples: share ** rowWeight };
}

const entropy = (p: number): number => -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
const divergence = (p: number, q: number): number =>
  p * Math.log2(p / q) + (1 - p) * Math.log2((1 - p) / (1 - q));

/**
 * The smallest subset that exists at all, whoever finds it: below, the expected number of sets of unknowns with so many
 * samples inside (their number times Chernoff's bound) is less than one.
 */
export function smallestSubset({ unknowns, samples, rowWeight }: LpnInstance): Subset {
  const mayExist = (share: number): boolean => {
    const wanted = (share * unknowns) / samples;
    const inside = share ** rowWeight;
    return inside >= wanted || unknowns * entropy(share) >= samples * divergence(wanted, inside);
  };
  let [low, high] = [0.01, 0.99];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (mayExist(middle)) high = middle;
    else low = middle;
  }
  return { unknowns: high, samples: (high * unknowns) / samples };
}

/** xorshift32: the matrix is public and random, a seed makes the simulation repeatable. */
function* randomWords(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** For each unknown the samples that it is in: those of unknown v at places starts[v] to starts[v + 1]. */
function incidences(rows: Uint32Array, unknowns: number, rowWeight: number) {
  const starts = new Uint32Array(unknowns + 1);
  for (const unknown of rows) starts[unknown + 1]!++;
  for (let v = 0; v < unknowns; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice();
  const samples = new Uint32Array(rows.length);
  rows.forEach((unknown, place) => {
    samples[next[unknown]!++] = Math.floor(place / rowWeight);
  });
  return { starts, samples };
}

/** Unknowns by their number of live samples, in doubly linked lists; the least is near the front. */
class DegreeQueue {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  #least = 0;

  constructor(readonly degrees: Uint32Array) {
    this.#heads = new Int32Array(degrees.reduce((most, degree) => Math.max(most, degree), 0) + 1).fill(-1);
    this.#next = new Int32Array(degrees.length).fill(-1);
    this.#previous = new Int32Array(degrees.length).fill(-1);
    for (let v = 0; v < degrees.length; v++) this.#insert(v);
  }

  takeLeast(): number {
    while (this.#heads[this.#least]! < 0) this.#least++;
    const v = this.#heads[this.#least]!;
    this.#remove(v);
    return v;
  }

  decrease(v: number): void {
    this.#remove(v);
    this.degrees[v]!--;
    this.#insert(v);
    this.#least = Math.min(this.#least, this.degrees[v]!);
  }

  #insert(v: number): void {
    const head = this.#heads[this.degrees[v]!]!;
    this.#next[v] = head;
    this.#previous[v] = -1;
    if (head >= 0) this.#previous[head] = v;
    this.#heads[this.degrees[v]!] = v;
  }

  #remove(v: number): void {
    const [previous, next] = [this.#previous[v]!, this.#next[v]!];
    if (previous >= 0) this.#next[previous] = next;
    else this.#heads[this.degrees[v]!] = next;
    if (next >= 0) this.#previous[next] = previous;
  }
}

/**
 * Greedy: the unknown with the fewest samples leaves, with all of its samples, as long as there are more samples than
 * unknowns. Simulated on a random matrix of the instance's size: seconds, and 40 bytes a one of the matrix.
 */
export function greedySubset({ unknowns, samples, rowWeight }: LpnInstance, seed = 1): Subset {
  const words = randomWords(seed);
  const rows = new Uint32Array(samples * rowWeight);
  for (let place = 0; place < rows.length; place++) rows[place] = words.next().value % unknowns;
  const places = incidences(rows, unknowns, rowWeight);
  const degrees = Uint32Array.from({ length: unknowns }, (_, v) => places.starts[v + 1]! - places.starts[v]!);
  const queue = new DegreeQueue(degrees);
  const isDead = new Uint8Array(samples);
  const isGone = new Uint8Array(unknowns);
  let [liveUnknowns, liveSamples] = [unknowns, samples];
  for (;;) {
    const v = queue.takeLeast();
    if (liveSamples - degrees[v]! < liveUnknowns - 1) break;
    isGone[v] = 1;
    liveUnknowns--;
    for (let at = places.starts[v]!; at < places.starts[v + 1]!; at++) {
      const sample = places.samples[at]!;
      if (isDead[sample]) continue;
      isDead[sample] = 1;
      liveSamples--;
      for (let j = sample * rowWeight; j < (sample + 1) * rowWeight; j++)
        if (!isGone[rows[j]!]) queue.decrease(rows[j]!);
    }
  }
  return { unknowns: liveUnknowns / unknowns, samples: liveSamples / samples };
}
