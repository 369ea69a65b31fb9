// Kernels of oblivious transfer: bit matrices, GGM trees punctured at one leaf, and SoftSpoken extension. Blocks are 16
// bytes; bit j of a block is bit j % 8 of its byte j / 8.
#pragma once

#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

/** rows [128][stride], `columns` / 8 bytes used in each, bit i of a row = bit i % 8 of its byte i / 8 → blocks [columns]
 *  with bit j of block i = bit i of row j. columns is a multiple of 8. */
void transposeBits(const uint8_t* rows, size_t stride, size_t columns, uint8_t* blocks);

/** Trees of 2^depth leaves from one root each (the PPRF of Goldreich, Goldwasser, Micali). leaves [trees][2^depth];
 *  sums [trees][depth][2]: the XOR of all left and of all right nodes of each level, from the root down. */
void pprfGrow(Suite suite, const uint8_t* roots, size_t trees, int depth, uint8_t* leaves, uint8_t* sums);

/** The same trees without the leaf points[tree], which comes out as zero. sums [trees][depth] holds of each level the
 *  sum on the side that the path to the point does not take. */
void pprfGrowPunctured(Suite suite, const uint32_t* points, const uint8_t* sums, size_t trees, int depth, uint8_t* leaves);

/** COTs are made in tiles: each leaf of each tree fills one row of a tile. */
constexpr size_t kTileBytes = 512;
constexpr size_t kTileCots = 8 * kTileBytes;
/** What a leaf becomes as a key: the round keys of AES, or the leaf itself. */
constexpr size_t softSpokenKeyBytes(Suite suite) { return suite == Suite::aes ? 176 : 16; }

/** Trees of SoftSpoken with parameter k, 1 to 8: their depths add up to 128, all k but the last one. */
constexpr size_t softSpokenTrees(int k) { return (128 + static_cast<size_t>(k) - 1) / static_cast<size_t>(k); }
constexpr int softSpokenDepth(int k, size_t tree) {
  return tree + 1 < softSpokenTrees(k) ? k : 128 - k * (static_cast<int>(softSpokenTrees(k)) - 1);
}
size_t softSpokenLeaves(int k);

/** Keys [count] of leaves [count]. */
void softSpokenKeys(Suite suite, const uint8_t* leaves, size_t count, uint8_t* keys);

/** The half that knows the choices. keys [leaves]; writes for each tile the corrections [trees - 1][512], the
 *  choices [4096] (bytes 0 and 1) and the blocks t [4096]. `firstTile` is the session-wide index of the first tile. */
void softSpokenReceive(Suite suite, int k, const uint8_t* keys, uint64_t firstTile, size_t tiles, uint8_t* corrections,
                       uint8_t* choices, uint8_t* blocks);

/** The half that knows delta. keys [leaves], the leaf x of a tree punctured at p stored at x xor p (so that entry 0
 *  is the unknown one and is never read); writes the blocks q [tiles · 4096] = t xor choice · delta. */
void softSpokenSend(Suite suite, int k, const uint8_t* keys, const uint8_t* delta, uint64_t firstTile, size_t tiles,
                    const uint8_t* corrections, uint8_t* blocks);

/** Distance of rows that hold so many tiles: odd multiples of a cache line use all sets of the cache. */
constexpr size_t rowStride(size_t tiles) { return tiles * kTileBytes + 64; }

/** The same in two steps, with the bit matrix in between, where consistency checks look at it. Rows of `rowStride(tiles)` bytes: 128
 *  that become the blocks, and one more of the choices as bits. */
void softSpokenReceiveRows(Suite suite, int k, const uint8_t* keys, uint64_t firstTile, size_t tiles, uint8_t* corrections, uint8_t* rows);
/** As many rows but the last. */
void softSpokenSendRows(Suite suite, int k, const uint8_t* keys, const uint8_t* delta, uint64_t firstTile, size_t tiles,
                        const uint8_t* corrections, uint8_t* rows);
/** `count` bits (a multiple of 8) to bytes 0 and 1. */
void spreadBits(const uint8_t* bits, size_t count, uint8_t* bytes);

}  // namespace cipherprune
