// How far a phase lies from what it is rounded to. Noise tells of the secret key and of what the peer added, so masks decide and no branch.
#pragma once
#include <cstdint>

namespace cipherprune {

/** Of two numbers below 2^63. */
inline uint64_t largerOf(uint64_t a, uint64_t b) {
  const uint64_t isLess = 0 - ((a - b) >> 63);
  return a ^ ((a ^ b) & isLess);
}

/** In units of 2^-64 of the modulus: from a phase as such a fraction to the multiple of 2^-ringBits that it was rounded to; at most 2^62. */
inline uint64_t noiseDistance(uint64_t fraction, uint64_t value, int ringBits) {
  const uint64_t distance = fraction - (value << (64 - ringBits)), sign = 0 - (distance >> 63);
  return (distance ^ sign) - sign;
}

}  // namespace cipherprune
