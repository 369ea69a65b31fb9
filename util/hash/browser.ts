/** SHA-256 in a browser, whose own (`crypto.subtle`) takes no pieces and is not to be had on pages without TLS. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Sha256 } from './hash.js';

class NobleSha256 implements Sha256 {
  constructor(private readonly hash = sha256.create()) {}

  update(bytes: Uint8Array): this {
    this.hash.update(bytes);
    return this;
  }

  copy(): NobleSha256 {
    return new NobleSha256(this.hash.clone());
  }

  digest(): Uint8Array {
    return this.hash.digest();
  }
}

export const createSha256 = (): Sha256 => new NobleSha256();
