/**
 * Tables at shared places among three nodes; kernels/src/unit-vectors/unit-vectors.h has the definitions. Vectors are bit streams of
 * 2^indexBits fields of ringBits bits each.
 */
import type { LookUpShape } from './look-up.js';

export interface UnitVectorKernels {
  /** Adds 1, modulo 2^ringBits, to the field at places[i] of each vector i. */
  unitVectorAdd(call: LookUpShape & { places: BigUint64Array; fields: Uint8Array }): void;
  /** table [2^indexBits], shifts and out [count]: out[i] = sum of the fields j of vector i times table[j + shifts[i]]. */
  unitVectorSums(
    call: LookUpShape & {
      shifts: BigUint64Array;
      table: BigUint64Array;
      fields: Uint8Array;
      out: BigUint64Array;
    },
  ): void;
  /**
   * kernels/src/unit-vectors/bit-tables.h: vectors of 2^indexBits bits, 6 to 16, table [2^indexBits] of entries of ringBits bits, shifts [count] → out
   * [ringBits, count], one byte 0 or 1 each.
   */
  bitTableEntries(
    call: LookUpShape & {
      shifts: BigUint64Array;
      table: BigUint64Array;
      fields: Uint8Array;
      out: Uint8Array;
    },
  ): void;
  /**
   * kernels/src/unit-vectors/top-bit.h: d [copies, n], upper [n · 2^highBits bits] and lower [n · 2^lowBits bits], halves from 3 bits on → one
   * byte 0 or 1 for each of d.
   */
  topBitParts(call: {
    lowBits: number;
    highBits: number;
    d: BigUint64Array;
    upper: Uint8Array;
    lower: Uint8Array;
    top: Uint8Array;
    changes: Uint8Array;
    carries: Uint8Array;
  }): void;
}
