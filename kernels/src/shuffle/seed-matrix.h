// Oblivious punctured matrices for secret-shared shuffles: Chase, Ghosh, Poburinnaya, ASIACRYPT 2020, "Secret-Shared
// Shuffle", sections 4 and 5. Row i of an n × n matrix of 16-byte seeds holds the leaves of a GGM tree; the permuting
// party knows every leaf but one. Each seed stands for a pseudo-random row of ring elements v[i,j], which is expanded
// and summed on the fly: nothing of size n² · row is ever stored.
//
// Seeds of the tree: children of s are AES_left(s) ^ s and AES_right(s) ^ s. Row bytes: block c of a seed s is
// AES_row(s ^ c) ^ s ^ c. The three fixed keys come from a public salt of this shuffle, so that precomputation and
// collisions between shuffles are of no use. In the suite `chacha` both children are the beginning of the parent's stream under the salt's
// first half as nonce, row bytes are the seed's stream under its second half.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

/** Columns of a row that share a ring: elements modulo 2^ringBits, 1 to 64 bits. */
struct RowSegment {
  size_t columns;
  unsigned ringBits;
};

/** Levels below the root of a tree with at least `leaves` leaves. */
unsigned treeDepth(size_t leaves);

/**
 * Grows `trees` trees of `leaves` leaves. roots [trees][16] → seeds [trees][leaves][16] and
 * levelSums [trees][depth][2][16]: the XOR of all left (0) and all right (1) nodes of each level.
 */
void seedMatrixGrow(Suite suite, const uint8_t* roots, size_t trees, size_t leaves, const uint8_t* salt, uint8_t* seeds,
             uint8_t* levelSums);

/**
 * Recovers all leaves but points[t] of every tree from sums [trees][depth][16]: at each level the sum of the side that
 * the path to points[t] does not take. seeds [trees][leaves][16]; the missing leaf is left zero.
 */
void seedMatrixPuncture(Suite suite, const uint8_t* sums, const uint32_t* points, size_t trees, size_t leaves, const uint8_t* salt,
                 uint8_t* seeds);

/**
 * Sums over an n × n matrix of expanded rows: columnSums[s][j][c] = Σ_i v[i,j], rowSums[s][i][c] = Σ_j v[i,j], for each
 * segment s [n, columns], reduced modulo 2^ringBits.
 */
void seedMatrixSums(Suite suite, const uint8_t* seeds, size_t n, const uint8_t* salt, const RowSegment* segments, size_t segmentCount,
             uint64_t* const* columnSums, uint64_t* const* rowSums);

/**
 * The share translation of the permuting party: differences[s][i][c] = Σ_i' v[i',π(i)] - Σ_j v[i,j], in which the
 * unknown v[i,π(i)] cancels; permutation [n] = π.
 */
void seedMatrixDifferences(Suite suite, const uint8_t* seeds, const uint32_t* permutation, size_t n, const uint8_t* salt,
                    const RowSegment* segments, size_t segmentCount, uint64_t* const* differences);

/** Bytes of a row that are expanded together: their column sums stay in the first-level cache. */
constexpr size_t kChunkBytes = 256;

/** One chunk of all rows: adds the expansion of seeds [n][n][16] at block counters firstBlock ... into
 *  columns [n][bytes] and rows [n][bytes], in lanes of laneBits (32 or 64); bytes is a multiple of 64, at most
 *  kChunkBytes; skip[i] (if given) is left out of row i. */
struct ChunkTask {
  const uint8_t* roundKeys;  // [11][16]
  const uint8_t* seeds;
  const uint32_t* skip;
  size_t n;
  uint64_t firstBlock;
  size_t bytes;
  unsigned laneBits;
  uint8_t* columns;
  uint8_t* rows;
};

#ifdef CIPHERPRUNE_X86
void accumulateChunkAvx2(const ChunkTask& task);
void accumulateChunkAvx512(const ChunkTask& task);
#endif

}  // namespace cipherprune
