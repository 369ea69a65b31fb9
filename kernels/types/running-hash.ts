/** A keyed hash of a stream of bytes that grows: kernels/src/transcript/running-hash.h. */
export interface RunningHashKernels {
  /** key [1064], uniform and secret; state [1072], all zeros at the beginning, from a buffer's start. */
  runningHashUpdate(call: { key: Uint8Array; state: Uint8Array; bytes: Uint8Array }): void;
  /** Writes digest [32]; the state goes on. */
  runningHashDigest(call: { key: Uint8Array; state: Uint8Array; digest: Uint8Array }): void;
}
