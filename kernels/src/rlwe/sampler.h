// Randomness of RLWE from a generator (src/prg). One key serves many streams; a stream is used once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "src/ntt/modulus.h"
#include "src/prg/prg.h"

namespace cipherprune {

constexpr size_t seedBytes = 16;

/** seedBytes of a generator's seed, and whose generator it is. */
struct Seed {
  Suite suite;
  const uint8_t* bytes;
};

class Sampler {
 public:
  explicit Sampler(Seed seed) : key(seed.suite, seed.bytes) {}

  /** Continues at the start of stream `index` < 2^40: 2^24 blocks each. */
  void seek(uint64_t index);

  /** Uniform residues, by rejection of 26-bit words: public, so the time may depend on them. */
  void uniform(const Modulus& modulus, size_t count, uint32_t* out);
  /** Uniform in -1, 0, 1, in constant time: 64 random bits times 3, upper part (bias 2^-62). */
  void ternary(size_t count, int32_t* out);
  /** Centred binomial of 21 bits: variance 10.5, as a discrete Gaussian of width 3.24. Constant time. */
  void error(size_t count, int32_t* out);
  /** Uniform words of `bits` <= 26 bits. */
  void digits(int bits, size_t count, uint32_t* out);

 private:
  const uint8_t* take(size_t byteLength);

  PrgKey key;
  uint64_t block = 0;
  std::vector<uint8_t> buffer;
};

}  // namespace cipherprune
