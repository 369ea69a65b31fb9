// The inner loop of SoftSpoken, over what makes a leaf's row of one tile. Included inside ISA-specific files.
#pragma once

#include "paths.h"
#include "src/prg/chacha.h"

namespace cipherprune {
namespace {

/** AES in counter mode; E: an engine of prg/modes.h. */
template <class E>
struct AesRows : E {
  using Vector = typename E::Vector;
  static constexpr int kVectorBytes = E::kLanes * 16;
  static constexpr int kVectors = kTileBytes / kVectorBytes;
  static constexpr size_t kKeyBytes = softSpokenKeyBytes(Suite::aes);

  static inline void fillRow(const uint8_t* key, uint64_t tile, Vector* row) {
    const typename E::Keys keys = E::keys(key);
    for (int v = 0; v < kVectors; v++) row[v] = E::tweak(tile * (kTileBytes / 16) + v * E::kLanes, 0);
    for (int v = 0; v < kVectors; v += E::kBatch) E::encrypt(row + v, keys);
  }
};

/** Eight blocks of ChaCha's stream. Of a tile word i of block l stands at 8i + l, as the lanes have it. */
template <int lanes>
struct ChaChaRows {
  using Vector = typename ChaCha<lanes>::Word;
  static constexpr int kVectorBytes = sizeof(Vector);
  static constexpr int kVectors = kTileBytes / kVectorBytes;
  static constexpr size_t kKeyBytes = softSpokenKeyBytes(Suite::chacha);
  static constexpr int kBlocks = kTileBytes / kChaChaBytes;
  static_assert(kBlocks % lanes == 0, "whole vectors of blocks");

  static inline Vector zero() { return Vector{}; }
  static inline Vector exclusiveOr(Vector a, Vector b) { return a ^ b; }
  static inline void store(uint8_t* p, Vector v) { memcpy(p, &v, sizeof v); }

  static inline void fillRow(const uint8_t* bytes, uint64_t tile, Vector* row) {
    uint32_t words[4];
    memcpy(words, bytes, sizeof words);
    Vector key[4], place[4], blocks[16];
    for (int i = 0; i < 4; i++) key[i] = ChaCha<lanes>::splat(words[i]);
    place[2] = place[3] = zero();
    for (int part = 0; part < kBlocks / lanes; part++) {
      // A tile's blocks begin at a multiple of eight: no carry within it.
      const uint64_t first = tile * kBlocks + part * lanes;
      place[0] = ChaCha<lanes>::splat(static_cast<uint32_t>(first));
      for (int lane = 0; lane < lanes; lane++) place[0][lane] += static_cast<uint32_t>(lane);
      place[1] = ChaCha<lanes>::splat(static_cast<uint32_t>(first >> 32));
      ChaCha<lanes>::block(key, place, blocks);
      for (int i = 0; i < 16; i++) row[i * kBlocks / lanes + part] = blocks[i];
    }
  }
};

template <class Rows>
struct SubspaceVole {
  using Vector = typename Rows::Vector;
  static constexpr int kVectorBytes = Rows::kVectorBytes;
  static constexpr int kVectors = Rows::kVectors;
  static constexpr int kMaxDepth = 8;

  /** Sums of subtrees grow like a binary counter: when the right one of two siblings at height j is complete, it is what
   *  rows[j] lacks, and both together are their parent. Two XORs a leaf instead of depth / 2 + 1. */
  static void run(const uint8_t* keys, int depth, bool punctured, uint64_t tile, uint8_t* rows, size_t stride, uint8_t* sum) {
    Vector pending[kMaxDepth][kVectors], odd[kMaxDepth][kVectors], current[kVectors];
    for (int j = 0; j < depth; j++)
      for (int v = 0; v < kVectors; v++) odd[j][v] = Rows::zero();
    for (int leaf = 0; leaf < 1 << depth; leaf++) {
      if (punctured && leaf == 0)
        for (int v = 0; v < kVectors; v++) current[v] = Rows::zero();
      else
        Rows::fillRow(keys + static_cast<size_t>(leaf) * Rows::kKeyBytes, tile, current);
      int height = 0;
      for (; (leaf >> height) & 1; height++)
        for (int v = 0; v < kVectors; v++) {
          odd[height][v] = Rows::exclusiveOr(odd[height][v], current[v]);
          current[v] = Rows::exclusiveOr(current[v], pending[height][v]);
        }
      if (height == depth) break;
      for (int v = 0; v < kVectors; v++) pending[height][v] = current[v];
    }
    for (int v = 0; v < kVectors; v++) Rows::store(sum + v * kVectorBytes, current[v]);
    for (int j = 0; j < depth; j++)
      for (int v = 0; v < kVectors; v++) Rows::store(rows + static_cast<size_t>(j) * stride + v * kVectorBytes, odd[j][v]);
  }
};

}  // namespace
}  // namespace cipherprune
