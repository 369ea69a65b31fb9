/** Which symmetric cryptography: 0 AES, 1 ChaCha (inference/core/suite.ts); AES where a call leaves it out. */
export type SuiteCode = 0 | 1;

/** Generators, hash and GGM step; kernels/src/prg/prg.h has the definitions. Blocks are 16 bytes. */
export interface PrgKernels {
  /** out[i] = AES(key, blocks[i]). key [16], blocks and out [count · 16]; may be the same array. */
  aesEncrypt(key: Uint8Array, blocks: Uint8Array, out: Uint8Array): void;
  /** Fills `out` with the stream of `seed` [16] from block `firstBlock` on. */
  prgFill(seed: Uint8Array, firstBlock: number, out: Uint8Array, suite?: SuiteCode): void;
  /** out[i] = H(blocks[i], tweak + i): correlation-robust hash; blocks and out [count · 16] may be the same array. */
  hashBlocks(blocks: Uint8Array, tweak: number, out: Uint8Array, suite?: SuiteCode): void;
  /** zeros[i] = H(blocks[i], tweak + i), ones[i] = H(blocks[i] XOR delta, tweak + i). */
  hashPairs(
    blocks: Uint8Array,
    delta: Uint8Array,
    tweak: number,
    zeros: Uint8Array,
    ones: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** out[i][j] = H(seeds[i], (tweak + i) || j): rows of `blocksPerSeed` blocks. */
  expandBlocks(
    seeds: Uint8Array,
    tweak: number,
    blocksPerSeed: number,
    out: Uint8Array,
    suite?: SuiteCode,
  ): void;
  /** One level of GGM trees: parents [count · 16] → children [2 · count · 16]. */
  ggmDouble(parents: Uint8Array, children: Uint8Array, suite?: SuiteCode): void;
}
