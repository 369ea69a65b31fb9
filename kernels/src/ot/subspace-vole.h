// The inner loop of SoftSpoken over one AES engine (see prg/modes.h). Included inside ISA-specific files.
#pragma once

#include "paths.h"

namespace cipherprune {
namespace {

template <class E>
struct SubspaceVole {
  using Vector = typename E::Vector;
  static constexpr int kVectorBytes = E::kLanes * 16;
  static constexpr int kVectors = kTileBytes / kVectorBytes;
  static constexpr int kMaxDepth = 8;

  /** The tile's part of the leaf's counter-mode stream. */
  static inline void fillRow(const uint8_t* key, uint64_t tile, Vector* row) {
    const typename E::Keys keys = E::keys(key);
    for (int v = 0; v < kVectors; v++) row[v] = E::tweak(tile * (kTileBytes / 16) + v * E::kLanes, 0);
    for (int v = 0; v < kVectors; v += E::kBatch) E::encrypt(row + v, keys);
  }

  /** Sums of subtrees grow like a binary counter: when the right one of two siblings at height j is complete, it is what
   *  rows[j] lacks, and both together are their parent. Two XORs a leaf instead of depth / 2 + 1. */
  static void run(const uint8_t* keys, int depth, bool punctured, uint64_t tile, uint8_t* rows, uint8_t* sum) {
    Vector pending[kMaxDepth][kVectors], odd[kMaxDepth][kVectors], current[kVectors];
    for (int j = 0; j < depth; j++)
      for (int v = 0; v < kVectors; v++) odd[j][v] = E::zero();
    for (int leaf = 0; leaf < 1 << depth; leaf++) {
      if (punctured && leaf == 0)
        for (int v = 0; v < kVectors; v++) current[v] = E::zero();
      else
        fillRow(keys + static_cast<size_t>(leaf) * kLeafKeyBytes, tile, current);
      int height = 0;
      for (; (leaf >> height) & 1; height++)
        for (int v = 0; v < kVectors; v++) {
          odd[height][v] = E::exclusiveOr(odd[height][v], current[v]);
          current[v] = E::exclusiveOr(current[v], pending[height][v]);
        }
      if (height == depth) break;
      for (int v = 0; v < kVectors; v++) pending[height][v] = current[v];
    }
    for (int v = 0; v < kVectors; v++) E::store(sum + v * kVectorBytes, current[v]);
    for (int j = 0; j < depth; j++)
      for (int v = 0; v < kVectors; v++) E::store(rows + j * kRowStride + v * kVectorBytes, odd[j][v]);
  }
};

}  // namespace
}  // namespace cipherprune
