// The symmetric cryptography that two parties agree on. `aes` is for processors with AES instructions; `chacha` needs nothing but
// additions, XORs and rotations of 32 bits: fast, and without secret-dependent time, on any processor and in WebAssembly.
#pragma once

#include <cstdint>

namespace cipherprune {

enum class Suite : int { aes = 0, chacha = 1 };

/** Where hashes stand: their suite, and the number of the first of them. */
struct Tweak {
  Suite suite;
  uint64_t number;

  Tweak operator+(uint64_t offset) const { return {suite, number + offset}; }
};

}  // namespace cipherprune
