/** Carries by unit vectors among three nodes; kernels/src/carry/carry.h has the definitions, and `kinds` by number. */
export interface CarryKernels {
  /** index [count]: flips the places of its groups in vectors [count · bytes], so that zeros become unit vectors. */
  carryVectors(call: { kinds: Uint8Array; index: BigUint64Array; vectors: Uint8Array }): void;
  /** One summand of the vectors [period · bytes] and the other party's index [count] → one of the outputs [count]. */
  carrySums(call: {
    kinds: Uint8Array;
    index: BigUint64Array;
    vectors: Uint8Array;
    out: BigUint64Array;
  }): void;
}
