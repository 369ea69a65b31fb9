#include "context.h"
#include "src/base/fail.h"

#include <cstring>
#include <map>
#include <mutex>

namespace cipherprune {

RlweContext::RlweContext(size_t n, const std::vector<uint32_t>& primes) : n(n), logN(0), limbs(primes.size() - specials) {
  if (primes.size() != allPrimes) fail("RlweContext: expected 8 primes");
  while ((size_t{1} << logN) < n) logN++;
  for (size_t i = 0; i < primes.size(); i++) {
    for (size_t j = 0; j < i; j++)
      if (primes[i] == primes[j]) fail("RlweContext: primes must differ");
    tables.push_back(std::make_unique<NttTable>(primes[i], n));
  }
}

const RlweContext& rlweContext(size_t n, const std::vector<uint32_t>& primes) {
  static std::mutex lock;
  static std::map<std::pair<size_t, std::vector<uint32_t>>, std::unique_ptr<RlweContext>> contexts;
  const std::lock_guard<std::mutex> guard(lock);
  auto& context = contexts[{n, primes}];
  if (!context) context = std::make_unique<RlweContext>(n, primes);
  return *context;
}

MessageScale::MessageScale(const RlweContext& context, size_t limbs, int ringBits) : bits(ringBits) {
  for (size_t l = 0; l < limbs; l++) {
    remainder *= context.modulus(l).p;
    moduli.push_back(&context.modulus(l));
  }
  remainder &= (uint64_t{1} << bits) - 1;
  for (const Modulus* m : moduli) {
    // Q is 0 modulo p, so (Q - remainder) / 2^bits is -remainder / 2^bits.
    const Factor half = m->factor(m->inverse(m->power(2, static_cast<uint64_t>(bits))));
    quotient.push_back(m->multiply(m->subtract(0, m->reduceWide(remainder)), half));
  }
}

MessageRounding::MessageRounding(const RlweContext& context, size_t limbs, int ringBits) : bits(ringBits) {
  for (size_t l = 0; l < limbs; l++) {
    const Modulus& m = context.modulus(l);
    uint64_t others = 1;
    for (size_t j = 0; j < limbs; j++)
      if (j != l) others = others * context.modulus(j).p % m.p;
    moduli.push_back(&m);
    inverse.push_back(m.factor(m.inverse(static_cast<uint32_t>(others))));
    reciprocal.push_back(static_cast<uint64_t>((static_cast<unsigned __int128>(1) << 89) / m.p));
  }
}

void residuesOf(const int32_t* x, size_t count, const Modulus& modulus, uint32_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<uint32_t>(x[i]) + (modulus.p & static_cast<uint32_t>(x[i] >> 31));
}

void packResidues(const uint32_t* x, size_t count, uint8_t* out) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4, out += 13) {
    const uint64_t low = x[i] | static_cast<uint64_t>(x[i + 1]) << 26 | static_cast<uint64_t>(x[i + 2]) << 52;
    const uint64_t high = x[i + 2] >> 12 | static_cast<uint64_t>(x[i + 3]) << 14;
    std::memcpy(out, &low, 8);
    std::memcpy(out + 8, &high, 5);
  }
  uint64_t word = 0;
  int bits = 0;
  for (; i < count; i++) {
    word |= static_cast<uint64_t>(x[i]) << bits;
    for (bits += primeBits; bits >= 8; bits -= 8, word >>= 8) *out++ = static_cast<uint8_t>(word);
  }
  if (bits) *out = static_cast<uint8_t>(word);
}

size_t unpackResidues(const uint8_t* bytes, size_t count, const Modulus& modulus, uint32_t* out) {
  constexpr uint32_t mask = (1u << primeBits) - 1;
  const size_t whole = count / 16 * 16;
  polyLoops().unpack(bytes, whole, out);
  bytes += packedBytes(whole);
  uint64_t word = 0;
  int bits = 0;
  for (size_t i = whole; i < count; i++) {
    for (; bits < primeBits; bits += 8) word |= static_cast<uint64_t>(*bytes++) << bits;
    out[i] = word & mask;
    word >>= primeBits, bits -= primeBits;
  }
  size_t invalid = polyLoops().countInvalid(out, whole, modulus);
  for (size_t k = whole; k < count; k++) invalid += out[k] >= modulus.p;
  if (invalid)
    for (size_t k = 0; k < count; k++) out[k] = modulus.once(out[k]);
  return invalid;
}

}  // namespace cipherprune
