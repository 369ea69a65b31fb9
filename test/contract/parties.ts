/** How the contract suite runs one protocol at every party of a backend. */
import type { Backend } from '../../inference/backends/backend.js';
import { type Shape, sizeOf } from '../../inference/core/shape.js';
import type { PartyId, PrivateTensor, SharedBits, SharedTensor } from '../../inference/core/tensors.js';

export interface Party {
  readonly mpc: Backend;
  /** Does this process hold that party's private values? The cleartext backend holds both. */
  readonly knows: (owner: PartyId) => boolean;
}

export interface Parties {
  /** Runs the body at every party at the same time; one result for each. */
  run<T>(body: (party: Party) => Promise<T>): Promise<T[]>;
  close(): Promise<void>;
}

/** A plain tensor of signed integers with its format. */
export interface Plain {
  readonly shape: Shape;
  readonly ringBits: number;
  readonly fractionBits: number;
  readonly values: readonly bigint[];
}

export const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);

/** Repeatable test data: signed integers of at most `bits` bits. */
export class TestData {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
  }

  next(bits: number): bigint {
    this.#state = BigInt.asUintN(64, this.#state * 6364136223846793005n + 1442695040888963407n);
    return BigInt.asIntN(bits, (this.#state >> 3n) ^ (this.#state >> 40n));
  }

  plain(shape: Shape, ringBits: number, fractionBits = 0, valueBits = ringBits): Plain {
    const values = Array.from({ length: sizeOf(shape) }, () => this.next(valueBits));
    return { shape, ringBits, fractionBits, values };
  }

  bits(shape: Shape): { shape: Shape; values: number[] } {
    return { shape, values: Array.from({ length: sizeOf(shape) }, () => Number(this.next(2) & 1n)) };
  }
}

export function privateOf(party: Party, owner: PartyId, plain: Plain): PrivateTensor {
  const { shape, ringBits, fractionBits, values } = plain;
  const format = { shape, ringBits, fractionBits };
  const data = BigUint64Array.from(values, (v) => BigInt.asUintN(ringBits, v));
  return { kind: 'private', owner, ...format, value: party.knows(owner) ? { ...format, data } : null };
}

export const shareOf = (party: Party, owner: PartyId, plain: Plain): Promise<SharedTensor> =>
  party.mpc.share(privateOf(party, owner, plain));

/** Bits enter as signs: there is no other way to share bits through the seam. */
export const shareBits = async (
  party: Party,
  owner: PartyId,
  bits: { shape: Shape; values: readonly number[] },
): Promise<SharedBits> => {
  const values = bits.values.map((bit) => (bit ? -1n : 1n));
  return party.mpc.isNegative(
    await shareOf(party, owner, { shape: bits.shape, ringBits: 4, fractionBits: 0, values }),
  );
};

/** Opens to all and gives signed integers. */
export async function open(party: Party, x: SharedTensor): Promise<bigint[]> {
  const opened = await party.mpc.reveal(x, 'all', 'logits');
  return Array.from(opened!.data, (v) => signed(v, opened!.ringBits));
}

export const openBits = async (party: Party, bits: SharedBits): Promise<number[]> =>
  Array.from((await party.mpc.revealBits(bits, 'all', 'logits'))!);
