// What each instruction set offers to ot.cc.
#pragma once

#include "ot.h"

namespace cipherprune {

struct OtPath {
  /** One tree of 2^depth leaves over one tile: rows[j] (`stride` bytes apart) = XOR of the rows of leaves with bit j set, sum = XOR
   *  of all. With `punctured`, leaf 0 counts as zero. */
  using SubspaceVole = void (*)(const uint8_t* keys, int depth, bool punctured, uint64_t tile, uint8_t* rows, size_t stride,
                                uint8_t* sum);
  SubspaceVole subspaceVole[2];  // by suite
  /** Whole groups of `transposeColumns` columns. */
  void (*transpose)(const uint8_t* rows, size_t stride, size_t groups, uint8_t* blocks);
  size_t transposeColumns;
};

extern const OtPath portableOtPath;
#ifdef CIPHERPRUNE_X86
extern const OtPath avx2OtPath;
extern const OtPath avx512OtPath;
#endif

}  // namespace cipherprune
