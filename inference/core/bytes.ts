/** Bytes side by side, as digits, compared: in Node and in browsers alike. */
export { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';

/** Takes as long wherever they differ: some are tags, and digests of what is secret. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
