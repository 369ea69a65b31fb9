// The pads of random COTs: what both parties cut their messages' masks from.
#pragma once
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

/** Pads of `perCot` blocks from each block: out [count, perCot · 16]. */
inline void cotHash(const uint8_t* blocks, size_t count, Tweak tweak, size_t perCot, uint8_t* out) {
  if (perCot == 1) {
    hashBlocks(blocks, out, count, tweak);
  } else {
    expandBlocks(blocks, out, count, perCot, tweak);
  }
}

/** The sender's two pads of each COT: `zero` of the block, `one` of the block XOR delta. */
inline void cotHashPairs(const uint8_t* blocks, size_t count, const uint8_t* delta, Tweak tweak, size_t perCot,
                         uint8_t* zero, uint8_t* one) {
  if (perCot == 1) {
    hashPairs(blocks, delta, zero, one, count, tweak);
    return;
  }
  constexpr size_t kFlipped = 32;
  uint8_t flipped[kFlipped * 16];
  expandBlocks(blocks, zero, count, perCot, tweak);
  for (size_t i = 0; i < count; i += kFlipped) {
    const size_t part = count - i < kFlipped ? count - i : kFlipped;
    for (size_t byte = 0; byte < part * 16; byte++) flipped[byte] = blocks[i * 16 + byte] ^ delta[byte % 16];
    expandBlocks(flipped, one + i * perCot * 16, part, perCot, tweak + i);
  }
}

}  // namespace
}  // namespace cipherprune
