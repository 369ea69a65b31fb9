/** The batches of a phase, epoch by epoch: their order depends on the seed, the phase and the epoch alone. */
import { type BatchLimits, type EncodedExample, epochBatches } from './batches.js';
import type { Position } from './last-checkpoint.js';

export class EpochOrder {
  readonly #examples: readonly EncodedExample[];
  readonly #limits: BatchLimits;
  readonly #seedOf: (epoch: number) => number;
  #epoch = -1;
  #groups: EncodedExample[][] = [];

  constructor(examples: readonly EncodedExample[], limits: BatchLimits, seedOf: (epoch: number) => number) {
    this.#examples = examples;
    this.#limits = limits;
    this.#seedOf = seedOf;
  }

  /** The examples of the batch at a position, and the position after it. */
  next(position: Position): { readonly group: EncodedExample[]; readonly position: Position } {
    const { epoch, batch, seen } = position;
    if (this.#epoch !== epoch) {
      this.#groups = epochBatches(this.#examples, this.#limits, this.#seedOf(epoch));
      this.#epoch = epoch;
    }
    const group = this.#groups[batch]!;
    const place =
      batch + 1 === this.#groups.length ? { epoch: epoch + 1, batch: 0 } : { epoch, batch: batch + 1 };
    return { group, position: { ...position, ...place, seen: seen + group.length } };
  }
}
