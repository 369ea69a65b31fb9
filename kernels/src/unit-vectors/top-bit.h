// Top bits of numbers at a shared distance from known ones (inference/backends/two-party/ahead/signs.ts): y = d + r with d known, and of
// r = hi·2^low + lo shares of ones at place hi of a vector of 2^high bits and at place lo of one of 2^low bits.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

constexpr unsigned topBitMaxHalfBits = 12;

/** Both from 3, so that a vector is whole bytes. */
struct TopBitPlan {
  unsigned lowBits;
  unsigned highBits;
};

/**
 * Shares of the three bits that the top bit of y [i] = d[i] + r[i] modulo 2^(low + high) is made of, one byte 0 or 1 each: `top`, the top bit of
 * hi + d's upper part; `changes`, whether one more would change it; `carries`, whether lo + d's lower part reaches 2^low. upper
 * [count · 2^high bits] and lower [count · 2^low bits] are shares, d is known to both parties.
 */
void topBitParts(const uint64_t* d, size_t count, const TopBitPlan& plan, const uint8_t* upper, const uint8_t* lower,
                 uint8_t* top, uint8_t* changes, uint8_t* carries);

}  // namespace cipherprune
