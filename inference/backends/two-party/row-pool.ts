/**
 * Linear layers ahead of time (MiniONN, CCS 2017, and Delphi, USENIX Security 2020, section 4: the client's layer input is
 * masked by a random r whose product with the weights was shared before). For each row of a weight the client holds a
 * random r, and both hold additive shares of r·W. Online the client sends its share of x minus r, which is uniform; the
 * server multiplies the opened x - r in the clear. Nothing comes back.
 *
 * Rows are alike, so how many a layer takes may depend on what was pruned; those left over serve the next text. A row is
 * used once: both parties take rows in order, and removing them is the only way to read them.
 */
import { TensorMismatchError } from '../../core/errors.js';

/** rows of r [rows, inputs] (empty at the server) and this party's share of r·W [rows, outputs]. */
export interface CorrelatedRows {
  readonly rows: number;
  readonly inputs: BigUint64Array;
  readonly outputs: BigUint64Array;
}

export class RowPool {
  #rows: CorrelatedRows = { rows: 0, inputs: new BigUint64Array(0), outputs: new BigUint64Array(0) };

  /** Words are modulo 2^ringBits; their low bits serve smaller rings. */
  constructor(readonly ringBits: number) {}

  get available(): number {
    return this.#rows.rows;
  }

  add(made: CorrelatedRows): void {
    const left = this.#rows;
    this.#rows = {
      rows: left.rows + made.rows,
      inputs: joined(left.inputs, made.inputs),
      outputs: joined(left.outputs, made.outputs),
    };
  }

  /** Removes the first rows. */
  take(rows: number): CorrelatedRows {
    const all = this.#rows;
    if (rows > all.rows) throw new TensorMismatchError(`row pool: expected ${rows} rows, got ${all.rows}`);
    const split = (words: BigUint64Array): number => (words.length / Math.max(1, all.rows)) * rows;
    const [inputs, outputs] = [split(all.inputs), split(all.outputs)];
    this.#rows = {
      rows: all.rows - rows,
      inputs: all.inputs.subarray(inputs),
      outputs: all.outputs.subarray(outputs),
    };
    return { rows, inputs: all.inputs.slice(0, inputs), outputs: all.outputs.slice(0, outputs) };
  }
}

function joined(first: BigUint64Array, second: BigUint64Array): BigUint64Array {
  if (first.length === 0) return second;
  const both = new BigUint64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
