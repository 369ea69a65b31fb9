/** What a node does with its own words and bits (one byte each). */
import { kernels } from '#kernels';
import { multiplyInto } from './products.js';

type Words = BigUint64Array;

export function wordsOfBits(bits: Uint8Array, words: Words = new BigUint64Array(bits.length)): Words {
  kernels.ringFromBits(bits, words);
  return words;
}

/** 1 where a bit is not set. */
export const notBits = (bits: Uint8Array): Uint8Array => {
  const out = new Uint8Array(bits.length);
  kernels.bitsNot(bits, out);
  return out;
};

export const signBits = (words: Words, ringBits: number): Uint8Array => {
  const bits = new Uint8Array(words.length);
  kernels.ringSignBit(words, ringBits, bits);
  return bits;
};

export function selected(bits: Uint8Array, words: Words, out: Words): Words {
  if (words.length > 0) kernels.ringSelect(bits, words, out);
  return out;
}

export function product(a: Words, b: Words, ringBits: number, out: Words): Words {
  multiplyInto(a, b, ringBits, out);
  return out;
}

/** x + one number, over x. */
export function addNumber(x: Words, value: bigint, ringBits: number): Words {
  if (x.length > 0) kernels.ringAdd(x, BigUint64Array.of(BigInt.asUintN(ringBits, value)), ringBits, x);
  return x;
}

/** bit ? -x : x, written over x; a bit may be of a whole row. */
export function negateWhere(bits: Uint8Array, x: Words, ringBits: number): Words {
  if (x.length > 0) kernels.ringNegateWhere(bits, x, ringBits, x);
  return x;
}
