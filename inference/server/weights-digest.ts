/** What identifies a model with its weights: a server keeps material for these weights only. */
import { createHash, type Hash } from 'node:crypto';
import type { PrivateModel } from '../../model/artifact/artifact.js';

function absorb(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`[${value.byteLength}]`);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`{${name}:`);
      absorb(hash, inner);
      hash.update('}');
    }
  } else hash.update(`${value};`);
}

/** SHA-256 over the public part's digest and all that is private, in the order of names. */
export function weightsDigest(modelDigest: string, secret: PrivateModel): string {
  const hash = createHash('sha256').update(modelDigest);
  absorb(hash, secret);
  return hash.digest('hex');
}
