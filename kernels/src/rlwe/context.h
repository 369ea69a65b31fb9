// The ring Z_Q[X]/(X^n + 1), Q a product of primes ("limbs"), with three more primes for key switching. Elements are residues
// [limb][n]; an operation may use the first few limbs only, and the keys serve all of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/ntt/ntt.h"
#include "src/base/words.h"

namespace cipherprune {

class RlweContext {
 public:
  /** Primes that no ciphertext has. */
  static constexpr size_t specials = 3;
  /** A ciphertext is packed in so many limbs at most; all other primes are what key switching divides by. */
  static constexpr size_t packedLimbs = 4, divisors = 4, allPrimes = packedLimbs + divisors;
  /** The last primes are the special ones. */
  RlweContext(size_t n, const std::vector<uint32_t>& primes);

  /** Of limbs and, behind them, special primes. */
  const NttTable& table(size_t limb) const { return *tables[limb]; }
  const Modulus& modulus(size_t limb) const { return tables[limb]->modulus; }

  size_t n, logN, limbs;

 private:
  std::vector<std::unique_ptr<NttTable>> tables;
};

/** The context of these parameters, made once a process. */
const RlweContext& rlweContext(size_t n, const std::vector<uint32_t>& primes);

/** Fractions of the modulus are at most this long: two digits of 26 bits. */
constexpr int maxFractionBits = 2 * primeBits;

/** round(x · Q / 2^ringBits) modulo each of the first `limbs` primes, Q their product; x < 2^ringBits <= 2^maxFractionBits. */
class MessageScale {
 public:
  MessageScale(const RlweContext& context, size_t limbs, int ringBits);
  /** Four base-2^26 digits from which all residues follow by PolyLoops::combine; planes `stride` apart. */
  static constexpr size_t terms = 4;
  void digits(uint64_t x, uint32_t* out, size_t stride) const {
    const uint64_t rounded = fraction(x), mask = (uint64_t{1} << primeBits) - 1;
    out[0] = static_cast<uint32_t>(x & mask);
    out[stride] = static_cast<uint32_t>(x >> primeBits);
    out[2 * stride] = static_cast<uint32_t>(rounded & mask);
    out[3 * stride] = static_cast<uint32_t>(rounded >> primeBits);
  }
  /** Factors of the digits modulo one prime. */
  void factors(size_t limb, uint32_t* out) const {
    const Modulus& m = *moduli[limb];
    out[0] = quotient[limb];
    out[1] = m.multiply(quotient[limb], m.digit);
    out[2] = 1;
    out[3] = m.digit.value;
  }

 private:
  uint64_t fraction(uint64_t x) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(x) * remainder + (uint64_t{1} << (bits - 1))) >> bits);
  }

  int bits;
  uint64_t remainder = 1;            // Q mod 2^bits
  std::vector<uint32_t> quotient;    // floor(Q / 2^bits) modulo each prime
  std::vector<const Modulus*> moduli;
};

/** Back: round(v · 2^ringBits / Q) modulo 2^ringBits, from v's residues. */
class MessageRounding {
 public:
  MessageRounding(const RlweContext& context, size_t limbs, int ringBits);
  /** v / Q as a 64-bit fraction: the sum of its terms, one for each limb. */
  uint64_t term(uint32_t residue, size_t limb) const {
    const uint64_t y = moduli[limb]->multiply(residue, inverse[limb]);
    return static_cast<uint64_t>((static_cast<unsigned __int128>(y) * reciprocal[limb]) >> 25);
  }
  uint64_t round(uint64_t fraction) const { return (fraction + (uint64_t{1} << (63 - bits))) >> (64 - bits); }

 private:
  int bits;
  std::vector<Factor> inverse;         // of Q / p modulo p
  std::vector<uint64_t> reciprocal;    // 2^89 / p
  std::vector<const Modulus*> moduli;
};

/** Small integers as residues. */
void residuesOf(const int32_t* x, size_t count, const Modulus& modulus, uint32_t* out);

/** 26 bits a residue, four in 13 bytes. */
constexpr size_t packedBytes(size_t count) { return (count * primeBits + 7) / 8; }
void packResidues(const uint32_t* x, size_t count, uint8_t* out);
/** Returns how many were not below p; those are reduced. */
size_t unpackResidues(const uint8_t* bytes, size_t count, const Modulus& modulus, uint32_t* out);

}  // namespace cipherprune
