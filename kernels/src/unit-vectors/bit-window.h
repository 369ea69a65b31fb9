// Bits of a table that lies behind itself once more, so that every turn of it is a piece of memory.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

constexpr size_t windowBits = 64;

/** 64 bits from one on; the word behind them is read too where they do not begin with a word. */
inline uint64_t window(const uint64_t* bits, size_t begin) {
  const uint64_t *word = bits + begin / windowBits, low = *word >> begin % windowBits;
  return begin % windowBits == 0 ? low : low | word[1] << (windowBits - begin % windowBits);
}

inline uint8_t parity(uint64_t bits) { return static_cast<uint8_t>(__builtin_parityll(bits)); }

}  // namespace cipherprune
