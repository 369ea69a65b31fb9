#include "keys.h"

namespace cipherprune {

namespace {

/** Streams of the public seed, in the order of generation. */
uint64_t packingStream(size_t component, size_t prime) { return 64 + component * RlweContext::allPrimes + prime; }

/** b = -a·s + e, all transformed; e is given as coefficients. `a` may be reused as scratch by the caller. */
void encryptZero(const NttTable& t, const uint32_t* a, const uint32_t* secret, const int32_t* error, uint32_t* b, uint32_t* scratch) {
  const PolyLoops& loops = polyLoops();
  residuesOf(error, t.n, t.modulus, b);
  loops.forward(b, t);
  loops.reduce(b, t.n, t.modulus);
  loops.multiply(a, secret, t.n, t.modulus, scratch);
  loops.subtract(b, scratch, t.n, t.modulus, b);
}

}  // namespace

void secretTransform(const int32_t* secret, const NttTable& table, uint32_t* out) {
  residuesOf(secret, table.n, table.modulus, out);
  polyLoops().forward(out, table);
  polyLoops().reduce(out, table.n, table.modulus);
}

void makePublicKey(const RlweContext& c, const int32_t* secret, Seed publicSeed, Seed errorSeed, uint8_t* out) {
  Sampler publicSampler(publicSeed), errorSampler(errorSeed);
  std::vector<int32_t> error(c.n);
  errorSampler.error(c.n, error.data());
  Words s(c.n), a(c.n), b(c.n), scratch(c.n);
  for (size_t l = 0; l < c.limbs; l++, out += packedBytes(c.n)) {
    secretTransform(secret, c.table(l), s.data());
    publicSampler.seek(l);
    publicSampler.uniform(c.modulus(l), c.n, a.data());
    encryptZero(c.table(l), a.data(), s.data(), error.data(), b.data(), scratch.data());
    packResidues(b.data(), c.n, out);
  }
}

size_t expandPublicKey(const RlweContext& c, Seed publicSeed, const uint8_t* bytes, uint32_t* out) {
  Sampler sampler(publicSeed);
  size_t invalid = 0;
  for (size_t l = 0; l < c.limbs; l++, bytes += packedBytes(c.n)) {
    invalid += unpackResidues(bytes, c.n, c.modulus(l), out + l * c.n);
    sampler.seek(l);
    sampler.uniform(c.modulus(l), c.n, out + (c.limbs + l) * c.n);
  }
  return invalid;
}

uint32_t divisorModulo(const RlweContext& c, const Modulus& m) {
  uint32_t product = 1;
  for (size_t i = RlweContext::packedLimbs; i < RlweContext::allPrimes; i++) product = m.multiply(product, m.factor(c.modulus(i).p));
  return product;
}

void makePackingKeys(const RlweContext& c, const int32_t* secret, size_t kIn, Seed publicSeed, Seed errorSeed, uint8_t* out) {
  const PolyLoops& loops = polyLoops();
  Sampler publicSampler(publicSeed), errorSampler(errorSeed);
  std::vector<int32_t> error(c.n), component(c.n);
  Words secrets(RlweContext::allPrimes * c.n), a(c.n), b(c.n), scratch(c.n);
  for (size_t prime = 0; prime < RlweContext::allPrimes; prime++) secretTransform(secret, c.table(prime), secrets.data() + prime * c.n);
  for (size_t k = 0; k < kIn; k++) {
    errorSampler.seek(1 + k);
    errorSampler.error(c.n, error.data());
    for (size_t i = 0; i < c.n; i += kIn) component[i] = secret[i + k];
    for (size_t prime = 0; prime < RlweContext::allPrimes; prime++, out += packedBytes(c.n)) {
      const NttTable& t = c.table(prime);
      publicSampler.seek(packingStream(k, prime));
      publicSampler.uniform(t.modulus, c.n, a.data());
      encryptZero(t, a.data(), secrets.data() + prime * c.n, error.data(), b.data(), scratch.data());
      if (prime < RlweContext::packedLimbs) {
        secretTransform(component.data(), t, scratch.data());
        loops.scale(scratch.data(), t.modulus.factor(divisorModulo(c, t.modulus)), c.n, t.modulus, scratch.data());
        loops.add(b.data(), scratch.data(), c.n, t.modulus, b.data());
      }
      packResidues(b.data(), c.n, out);
    }
  }
}

size_t expandPackingKeys(const RlweContext& c, size_t kIn, Seed publicSeed, const uint8_t* bytes, uint32_t* out) {
  Sampler sampler(publicSeed);
  size_t invalid = 0;
  for (size_t k = 0; k < kIn; k++)
    for (size_t prime = 0; prime < RlweContext::allPrimes; prime++, bytes += packedBytes(c.n)) {
      uint32_t* b = out + (2 * prime * kIn + k) * c.n;
      invalid += unpackResidues(bytes, c.n, c.modulus(prime), b);
      sampler.seek(packingStream(k, prime));
      sampler.uniform(c.modulus(prime), c.n, b + kIn * c.n);
    }
  return invalid;
}

void halvePackingKeys(const RlweContext& c, size_t kIn, const uint32_t* keys, uint32_t* out) {
  const PolyLoops& loops = polyLoops();
  const size_t half = kIn / 2;
  std::vector<int32_t> power(c.n);
  power[half] = 1;
  Words monomial(c.n);
  for (size_t prime = 0; prime < RlweContext::allPrimes; prime++) {
    const NttTable& t = c.table(prime);
    secretTransform(power.data(), t, monomial.data());
    for (size_t ofHalf = 2 * prime; ofHalf < 2 * prime + 2; ofHalf++)
      for (size_t k = 0; k < half; k++) {
        const uint32_t* low = keys + (ofHalf * kIn + k) * c.n;
        uint32_t* to = out + (ofHalf * half + k) * c.n;
        loops.multiply(low + half * c.n, monomial.data(), c.n, t.modulus, to);
        loops.add(to, low, c.n, t.modulus, to);
      }
  }
}

}  // namespace cipherprune
