// Long tables at shared places (inference/backends/two-party/ahead/look-ups.ts): shares of a one at place r of a vector of 2^indexBits bits, and a known
// shift d. A bit of table[d + r] is the parity of the vector and that bit of all entries, turned by d.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

/** From 6, so that a vector is whole words. */
constexpr unsigned bitTableMinIndexBits = 6;
constexpr unsigned bitTableMaxIndexBits = 16;

struct BitTablePlan {
  unsigned indexBits;
  /** Of an entry. */
  unsigned entryBits;
};

/**
 * Shares of the bits of table[(shifts[i] + place of vector i) modulo 2^indexBits], one byte 0 or 1 each: out [entryBits, count], the lowest bits of all
 * entries first. table [2^indexBits], vectors [count · 2^indexBits bits].
 */
void bitTableEntries(const uint64_t* shifts, size_t count, const BitTablePlan& plan, const uint64_t* table, const uint8_t* vectors,
                     uint8_t* out);

}  // namespace cipherprune
