/** The tensors of the seam: who knows what of them. */
import type { Shape } from './shape.js';

export type PartyId = 'server' | 'client';

export const peerOf = (party: PartyId): PartyId => (party === 'server' ? 'client' : 'server');

/** Plain ring elements, row-major, one 64-bit word each, reduced modulo 2^ringBits. */
export interface RingTensor {
  readonly shape: Shape;
  readonly ringBits: number;
  readonly fractionBits: number;
  readonly data: BigUint64Array;
}

/** A tensor that one party knows in the clear; `value` is null at the other party, which knows the rest. */
export interface PrivateTensor {
  readonly kind: 'private';
  readonly owner: PartyId;
  readonly shape: Shape;
  readonly ringBits: number;
  readonly fractionBits: number;
  readonly value: RingTensor | null;
}

/** An additively shared tensor; opaque above the backend. */
export interface SharedTensor {
  readonly kind: 'arithmetic';
  readonly shape: Shape;
  readonly ringBits: number;
  readonly fractionBits: number;
}

/** XOR-shared bits; opaque above the backend. */
export interface SharedBits {
  readonly kind: 'boolean';
  readonly shape: Shape;
}
