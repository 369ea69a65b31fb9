/** Bytes side by side, as digits, compared: in Node and in browsers alike. */
export { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
