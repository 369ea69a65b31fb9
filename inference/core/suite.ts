/** The symmetric cryptography of a connection: generators, hashes, trees. Both parties take the same. */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../kernels/types/prg.js';

export const SUITES = ['aes', 'chacha'] as const;

/** AES-128: least time on processors with instructions for it. ChaCha8: for processors without, and for WebAssembly. */
export type Suite = (typeof SUITES)[number];

/** The presets' names: docs/reference/security-parameters.md. */
export const SUITE_PRESETS = { aes: 'aes-128-public-keys', chacha: 'chacha8-128' } as const;

export const DEFAULT_SUITE: Suite = 'aes';

/** As the kernels name it. */
export const codeOf = (suite: Suite): SuiteCode => (suite === 'aes' ? 0 : 1);

/** What a party takes, first what its kernels are fast with (all but the portable ones have AES instructions); `only` where somebody decided. */
export function acceptedSuites(only?: Suite, isa = kernels.detectedIsa()): readonly Suite[] {
  if (only !== undefined) return [only];
  return isa > 0 ? SUITES : SUITES.toReversed();
}

const PREFERRED_BIT = 4;

/** For the other end: those that this one takes, and which it would rather have. */
export const byteOfSuites = (suites: readonly Suite[]): number =>
  suites.reduce((bits, suite) => bits | (1 << SUITES.indexOf(suite)), 0) |
  (suites[0] === undefined ? 0 : 1 << (PREFERRED_BIT + SUITES.indexOf(suites[0])));

/** Bits without a name, of a later version, are passed over. */
export function suitesOfByte(byte: number): Suite[] {
  const isPreferred = (suite: Suite): number => (byte >> (PREFERRED_BIT + SUITES.indexOf(suite))) & 1;
  return SUITES.filter((_, index) => (byte >> index) & 1).sort((a, b) => isPreferred(b) - isPreferred(a));
}
