/** SHA-256 over bytes that come piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): Sha256;
  /** A second hash of the same beginning. */
  copy(): Sha256;
  /** 32 bytes; the hash is of no use afterwards. */
  digest(): Uint8Array;
}
