/** SHA-256 in Node: OpenSSL's. */
import { createHash } from 'node:crypto';
import type { Sha256 } from './hash.js';

export const createSha256 = (): Sha256 => createHash('sha256');
