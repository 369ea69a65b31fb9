/** The symmetric cryptography of a connection: generators, hashes, trees. Both parties take the same. */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../kernels/types/prg.js';

export const SUITES = ['aes', 'chacha'] as const;

/** AES-128: least time on processors with instructions for it. ChaCha8: for processors without, and for WebAssembly. */
export type Suite = (typeof SUITES)[number];

export const DEFAULT_SUITE: Suite = 'aes';

/** As the kernels name it. */
export const codeOf = (suite: Suite): SuiteCode => (suite === 'aes' ? 0 : 1);

/** What this machine's kernels are fast with: all but portable ones have AES instructions. */
export const preferredSuite = (): Suite => (kernels.detectedIsa() === 0 ? 'chacha' : 'aes');

/** What a party takes, the preferred one first; `only` where somebody decided. */
export function acceptedSuites(only: Suite | null = null): readonly Suite[] {
  if (only !== null) return [only];
  return preferredSuite() === 'aes' ? SUITES : SUITES.toReversed();
}
