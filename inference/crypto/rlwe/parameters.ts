/**
 * Parameters of ring learning with errors in Z_Q[X]/(X^n + 1): a literal is checked once and immutable afterwards.
 *
 * Q is a product of 26-bit primes ("limbs") with 2n | p - 1, and three more such primes serve key switching alone. An operation
 * uses the first few limbs. Products are packed in four limbs at most, and key switching divides by all primes but these four; keys
 * are modulo all of them. Secrets are uniform in {-1, 0, 1}, errors centred binomial of 21 bits (variance 10.5, the usual width 3.2).
 */
import type { LineSpeed } from '../../core/line-speed.js';

export interface RlweParametersLiteral {
  readonly name: string;
  /** Degree of the ring, a power of two. */
  readonly n: number;
  readonly primes: readonly number[];
  readonly specialPrimes: readonly [number, number, number];
  /** A power of two: keys of packing exist for so many features a ciphertext, and as many they are. */
  readonly mostFeatures: number;
  /** Bits of classical security against the known attacks, as stated by the preset. */
  readonly securityBits: number;
}

export interface RlweParameters extends RlweParametersLiteral {
  /** The limbs and, last, the special primes. */
  readonly modulusChain: Uint32Array;
  /** Bits of the largest modulus that a key or ciphertext has. */
  readonly totalModulusBits: number;
}

const PRIME_BITS = 26;
const PACKED_LIMBS = 4;
const LIMBS = 5;

/** Of products of so many limbs when they are packed, kIn of them into one ciphertext; by themselves they stay as they are. */
export const packedLimbs = (limbs: number, kIn: number): number =>
  kIn === 1 ? limbs : Math.min(limbs, PACKED_LIMBS);

/** Of an input ciphertext, and products packed into one: fewer in small rings. */
export const maximumKIn = ({ n, mostFeatures }: RlweParameters): number => Math.min(mostFeatures, n / 2);

/** Of key switching: all primes but those of packed products. */
export const divisorsOf = ({ primes, specialPrimes }: RlweParameters): readonly number[] => [
  ...primes.slice(PACKED_LIMBS),
  ...specialPrimes,
];

function isPrime(p: number): boolean {
  for (let d = 2; d * d <= p; d++) if (p % d === 0) return false;
  return p > 1;
}

/** @throws RangeError naming the field */
export function rlweParameters(literal: RlweParametersLiteral): RlweParameters {
  const { name, n, primes, specialPrimes } = literal;
  if (!Number.isInteger(Math.log2(n)) || n < 16 || n > 32768) {
    throw new RangeError(`RLWE parameters ${name}: expected n a power of two from 16 to 32768, got ${n}`);
  }
  const chain = [...primes, ...specialPrimes];
  for (const p of chain) {
    if (p >= 2 ** PRIME_BITS || p < 2 ** (PRIME_BITS - 1) || p % (2 * n) !== 1 || !isPrime(p)) {
      throw new RangeError(`RLWE parameters ${name}: expected a 26-bit prime with 2n | p - 1, got ${p}`);
    }
  }
  if (new Set(chain).size !== chain.length) {
    throw new RangeError(`RLWE parameters ${name}: expected different primes, got ${chain.join(', ')}`);
  }
  if (primes.length !== LIMBS) {
    throw new RangeError(`RLWE parameters ${name}: expected ${LIMBS} primes, got ${primes.length}`);
  }
  const totalModulusBits = chain.reduce((bits, p) => bits + Math.log2(p), 0);
  return Object.freeze({
    ...literal,
    primes: Object.freeze([...primes]),
    specialPrimes: Object.freeze([...specialPrimes] as const),
    modulusChain: Uint32Array.from(chain),
    totalModulusBits,
  });
}

/** The eight largest primes below 2^26 with 2^14 | p - 1. */
const PRIMES = [66_994_177, 66_961_409, 66_813_953, 66_551_809, 66_420_737] as const;
const SPECIAL_PRIMES = [67_043_329, 66_404_353, 66_011_137] as const;

/**
 * 128 bits: the homomorphic encryption standard (Albrecht et al., 2018, table 1: ternary secret, width 3.2) allows a
 * modulus of 218 bits for n = 8192; all limbs and the special primes together have 208.
 */
export const standardPreset: RlweParameters = rlweParameters({
  name: 'rlwe-8192-208',
  n: 8192,
  primes: PRIMES,
  specialPrimes: SPECIAL_PRIMES,
  mostFeatures: 64,
  securityBits: 128,
});

const LEAST_FEATURES = 32;
/** Where bytes take longer than products: more keys, once a connection, for fewer ciphertexts a text. */
const MOST_FEATURES_OF_SLOW_LINE = 128;
/** Width of a model for each feature that keys pay for, 0.2 MB a feature and way once a connection; on a slow line after two texts or three. */
const WIDTH_OF_FEATURE: Readonly<Record<LineSpeed, number>> = { fast: 6, slow: 3 };

const presets = new Map([[standardPreset.mostFeatures, standardPreset]]);

/** The standard preset with as many keys as a model of this width makes use of on such a line. */
export function presetOfWidth(hiddenSize: number, line: LineSpeed): RlweParameters {
  const most = line === 'slow' ? MOST_FEATURES_OF_SLOW_LINE : standardPreset.mostFeatures;
  const wanted = 2 ** Math.floor(Math.log2(hiddenSize / WIDTH_OF_FEATURE[line]));
  const mostFeatures = Math.min(most, Math.max(LEAST_FEATURES, wanted));
  const preset = presets.get(mostFeatures) ?? rlweParameters({ ...standardPreset, mostFeatures });
  presets.set(mostFeatures, preset);
  return preset;
}
