#include "keys.h"

namespace cipherprune {

namespace {

/** Streams of the public seed, in the order of generation. */
uint64_t galoisStream(const RlweContext& c, size_t key, size_t prime, size_t digit) {
  return 64 + (key * galoisKeyPrimes(c) + prime) * digitsOf(c.limbs) + digit;
}

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

void makeGaloisKeys(const RlweContext& c, const int32_t* secret, size_t count, Seed publicSeed,
                    Seed errorSeed, uint8_t* out) {
  const PolyLoops& loops = polyLoops();
  Sampler publicSampler(publicSeed), errorSampler(errorSeed);
  const size_t digits = digitsOf(c.limbs);
  std::vector<int32_t> error(digits * c.n);
  Words s(c.n), turned(c.n), a(c.n), b(c.n), scratch(c.n);
  for (size_t k = 0; k < count; k++) {
    const Automorphism& sigma = c.automorphism(k);
    errorSampler.seek(1 + k);
    for (size_t digit = 0; digit < digits; digit++) errorSampler.error(c.n, error.data() + digit * c.n);
    for (size_t prime = 0; prime < galoisKeyPrimes(c); prime++) {
      const NttTable& t = c.table(prime);
      const Factor special = t.modulus.factor(uint64_t{c.special(0).p} * c.special(1).p);
      residuesOf(secret, c.n, t.modulus, s.data());
      loops.permute(s.data(), sigma.index.data(), sigma.signs.data(), c.n, t.modulus, turned.data());
      loops.forward(turned.data(), t);
      loops.scale(turned.data(), special, c.n, t.modulus, turned.data());
      secretTransform(secret, t, s.data());
      for (size_t digit = 0; digit < digits; digit++, out += packedBytes(c.n)) {
        publicSampler.seek(galoisStream(c, k, prime, digit));
        publicSampler.uniform(t.modulus, c.n, a.data());
        encryptZero(t, a.data(), s.data(), error.data() + digit * c.n, b.data(), scratch.data());
        if (prime < c.limbs && digit == prime / digitLimbs) loops.add(b.data(), turned.data(), c.n, t.modulus, b.data());
        packResidues(b.data(), c.n, out);
      }
    }
  }
}

size_t expandGaloisKeys(const RlweContext& c, size_t count, Seed publicSeed, const uint8_t* bytes, uint32_t* out) {
  Sampler sampler(publicSeed);
  const size_t digits = digitsOf(c.limbs);
  size_t invalid = 0;
  for (size_t k = 0; k < count; k++)
    for (size_t prime = 0; prime < galoisKeyPrimes(c); prime++, out += 2 * digits * c.n)
      for (size_t digit = 0; digit < digits; digit++, bytes += packedBytes(c.n)) {
        invalid += unpackResidues(bytes, c.n, c.modulus(prime), out + digit * c.n);
        sampler.seek(galoisStream(c, k, prime, digit));
        sampler.uniform(c.modulus(prime), c.n, out + (digits + digit) * c.n);
      }
  return invalid;
}

}  // namespace cipherprune
