/** Material that is kept over connections, as parties speak of it; pool-file.ts keeps it in a file. */
import { createSha256 } from '#hash';
import { formatCorrelation } from './correlation-text.js';
import type { PartyId } from '../core/tensors.js';
import type { KeptItems } from './material.js';

/** Whose pools, and which state of them. */
export interface PoolName {
  /** 32 hexadecimal digits, drawn by the client each time that something is kept. */
  readonly id: string;
  /** Grows with each pool that is kept in a client's file. */
  readonly generation: number;
}

export interface KeptPool extends PoolName {
  readonly party: PartyId;
  /** Digest of the model's public part; at the server, of its weights too. */
  readonly model: string;
  readonly items: readonly KeptItems[];
}

/** Equal at both parties: kinds, numbers and order of what they keep. */
export function inventoryOf(items: readonly KeptItems[]): Uint8Array {
  const lines = items.map(({ correlation, items: count }) => `${formatCorrelation(correlation)} ${count}\n`);
  return createSha256()
    .update(new TextEncoder().encode(lines.join('')))
    .digest();
}

export const bytesOfItems = (items: readonly KeptItems[]): number =>
  items.reduce((sum, { fields }) => sum + fields.reduce((bytes, { length }) => bytes + length, 0), 0);
