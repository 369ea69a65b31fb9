// Arithmetic modulo primes below 2^26, in 32-bit words. A product with a known factor is reduced by Shoup's method
// (Harvey, Faster arithmetic for number-theoretic transforms, 2014): with quotient = floor(factor · 2^32 / p), the word
// x · factor - floor(x · quotient / 2^32) · p is congruent to x · factor and below 2p, for every 32-bit x. Six spare bits
// let values grow to 64p between reductions.
#pragma once
#include <cstdint>

// Never a function of its own: a copy compiled for one instruction set must not be linked in for others.
#define CIPHERPRUNE_INLINE inline __attribute__((always_inline))

namespace cipherprune {

constexpr int primeBits = 26;

/** A factor and its quotient for reduction modulo some prime. */
struct Factor {
  uint32_t value;
  uint32_t quotient;
};

struct Modulus {
  uint32_t p = 0;
  Factor one{};     // reduces one word
  Factor word{};    // 2^32 mod p: the high half of a double word
  Factor digit{};   // 2^26 mod p
  /** floor(2^77 / p), below 2^52: for quotients of double words by 52-bit products. */
  uint64_t reciprocal = 0;

  Modulus() = default;
  explicit Modulus(uint32_t prime) : p(prime) {
    one = factor(1);
    word = factor((uint64_t{1} << 32) % p);
    digit = factor((1u << primeBits) % p);
    constexpr uint64_t power63 = uint64_t{1} << 63;
    reciprocal = (power63 / p << 14) + (power63 % p << 14) / p;
  }

  Factor factor(uint64_t value) const {
    const uint64_t reduced = value % p;
    return {static_cast<uint32_t>(reduced), static_cast<uint32_t>((reduced << 32) / p)};
  }

  /** Congruent to x · f, below 2p. */
  CIPHERPRUNE_INLINE uint32_t lazy(uint32_t x, Factor f) const {
    return x * f.value - static_cast<uint32_t>((static_cast<uint64_t>(x) * f.quotient) >> 32) * p;
  }
  CIPHERPRUNE_INLINE uint32_t once(uint32_t x) const { return x >= p ? x - p : x; }
  CIPHERPRUNE_INLINE uint32_t reduce(uint32_t x) const { return once(lazy(x, one)); }
  CIPHERPRUNE_INLINE uint32_t multiply(uint32_t x, Factor f) const { return once(lazy(x, f)); }
  /** Any double word. */
  CIPHERPRUNE_INLINE uint32_t reduceWide(uint64_t x) const {
    const uint32_t sum = lazy(static_cast<uint32_t>(x), one) + lazy(static_cast<uint32_t>(x >> 32), word);
    return once(sum >= 2 * p ? sum - 2 * p : sum);
  }
  CIPHERPRUNE_INLINE uint32_t add(uint32_t x, uint32_t y) const { return once(x + y); }
  CIPHERPRUNE_INLINE uint32_t subtract(uint32_t x, uint32_t y) const { return x >= y ? x - y : x + p - y; }

  uint32_t power(uint32_t base, uint64_t exponent) const {
    uint64_t result = 1, square = base % p;
    for (; exponent; exponent >>= 1) {
      if (exponent & 1) result = result * square % p;
      square = square * square % p;
    }
    return static_cast<uint32_t>(result);
  }
  uint32_t inverse(uint32_t x) const { return power(x, p - 2); }
};

}  // namespace cipherprune
