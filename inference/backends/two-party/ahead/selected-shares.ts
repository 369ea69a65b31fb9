/** What each party computes of numbers selected into a larger ring (selections.ts), before and after both messages. Symbols as there. */
import { kernels } from '#kernels';
import { type PartyId, peerOf } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { SelectionCorrelation } from '../../../material/correlation.js';
import { becomeCarry } from './carries.js';
import { packedDifference } from './packed-words.js';

/** A party's bits: b, n, p and w. */
export const BITS = 4;
/** Which of them is multiplied in each carry: b_1·w_0, b_0·w_1, p_0·n_1, n_0·p_1, p_0·p_1. */
const CARRIED = { server: [3, 0, 2, 1, 2], client: [0, 3, 1, 2, 2] } as const;
/** What each counts, in units of 2^m. */
const CARRY_FACTORS = [-2n, -2n, 1n, 1n, -2n] as const;
export const CARRIES = CARRY_FACTORS.length;

/** After so many numbers the next ones: what is read and written over and over stays in the cache. */
const BLOCK = 1 << 13;

/** Arrays [n]; bits one byte each. What is read no more afterwards is overwritten. */
export interface OpenedSelection {
  /** b·z in place of z becomes the share of b·x modulo 2^ringBits. */
  readonly z: BigUint64Array;
  readonly rho: BigUint64Array;
  /** Of rho times the peer's mask of b, and of the peer's rho times this party's. */
  readonly sent: BigUint64Array;
  readonly received: BigUint64Array;
  readonly carries: readonly BigUint64Array[];
  /** This party's bits, their masks, what they differ by from these, and the peer's differences. */
  readonly own: readonly Uint8Array[];
  readonly masks: readonly Uint8Array[];
  readonly differs: readonly Uint8Array[];
  readonly theirs: readonly Uint8Array[];
  /** e of the peer. */
  readonly theirE: BigUint64Array;
}

/** z_i modulo 2^ringBits and n_i, one byte each, of a share x [n]; taken. */
export function read(
  x: BigUint64Array,
  { bits, ringBits }: SelectionCorrelation,
  self: PartyId,
): { readonly z: BigUint64Array; readonly n: Uint8Array } {
  const offset = self === 'server' ? 1n << BigInt(bits - 2) : 0n;
  const [z, n] = [takeWords(x.length), takeBytes(x.length)];
  kernels.ringAdd(x, BigUint64Array.of(offset), bits, z);
  kernels.ringSignBit(z, bits, n);
  kernels.bitsNot(n, n);
  addConstant(z, -(1n << BigInt(bits - 1)) - offset, ringBits);
  return { z, n };
}

/** e, packed, and w, one byte each; taken. */
export function maskedBy(
  rho: BigUint64Array,
  b: Uint8Array,
  z: BigUint64Array,
  { bits }: SelectionCorrelation,
): { readonly e: Uint8Array; readonly w: Uint8Array } {
  const [sum, w] = [takeWords(z.length), takeBytes(z.length)];
  kernels.ringNegateWhere(b, z, bits + 1, sum);
  addConstant(sum, 1n << BigInt(bits), bits + 1);
  const e = packedDifference(sum, rho, bits + 1);
  // It wraps where G < rho.
  kernels.ringSubtract(sum, rho, bits + 2, sum);
  kernels.ringSignBit(sum, bits + 2, w);
  giveBack(sum);
  return { e, w };
}

/** z becomes the share of b·x. */
export function combineSelected(
  opened: OpenedSelection,
  correlation: SelectionCorrelation,
  self: PartyId,
): void {
  const count = opened.z.length;
  for (let begin = 0; begin < count; begin += BLOCK) {
    const cut = <T extends BigUint64Array | Uint8Array>(x: T): T => x.subarray(begin, begin + BLOCK) as T;
    combineBlock(
      {
        z: cut(opened.z),
        rho: cut(opened.rho),
        sent: cut(opened.sent),
        received: cut(opened.received),
        carries: opened.carries.map(cut),
        own: opened.own.map(cut),
        masks: opened.masks.map(cut),
        differs: opened.differs.map(cut),
        theirs: opened.theirs.map(cut),
        theirE: cut(opened.theirE),
      },
      correlation,
      self,
    );
  }
}

function combineBlock(
  { z, rho, sent, received, carries, own, masks, differs, theirs, theirE }: OpenedSelection,
  { bits, ringBits }: SelectionCorrelation,
  self: PartyId,
): void {
  const [b, flips, theirFlips] = [own[0]!, differs[0]!, theirs[0]!];
  kernels.ringSelect(b, z, z);
  // b_j·rho_i, and b_i·(e_j - 2^m) + b_i·rho_j
  kernels.ringNegateWhere(theirFlips, sent, ringBits, sent);
  kernels.ringAddWhere(theirFlips, rho, ringBits, sent);
  kernels.ringNegateWhere(flips, received, ringBits, received);
  addConstant(theirE, -(1n << BigInt(bits)), ringBits);
  kernels.ringAddWhere(b, theirE, ringBits, received);
  kernels.ringAdd(z, sent, ringBits, z);
  kernels.ringAdd(z, received, ringBits, z);

  const [mine, peers] = [CARRIED[self], CARRIED[peerOf(self)]];
  const [factor, flipped] = [takeWords(z.length), takeBytes(z.length)];
  for (const [k, share] of carries.entries()) {
    const at = mine[k]!;
    kernels.ringFromBits(own[at]!, factor);
    flipped.set(differs[at]!);
    const carry = { x: factor, own: masks[at]!, differs: flipped, theirs: theirs[peers[k]!]!, share };
    becomeCarry(carry, ringBits - bits, self);
    kernels.ringAddScaled(share, CARRY_FACTORS[k]! << BigInt(bits), ringBits, z);
  }
  giveBack(factor, flipped);
}

function addConstant(x: BigUint64Array, constant: bigint, ringBits: number): void {
  kernels.ringAdd(x, BigUint64Array.of(BigInt.asUintN(ringBits, constant)), ringBits, x);
}
