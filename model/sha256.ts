import { bytesToHex } from '@noble/hashes/utils.js';
import { createSha256 } from '#hash';

/** SHA-256 in lower-case hexadecimal; of a string, its UTF-8. */
export const sha256 = (data: Uint8Array | string): string => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return bytesToHex(createSha256().update(bytes).digest());
};
