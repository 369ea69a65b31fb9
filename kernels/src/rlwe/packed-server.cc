#include <cstring>

#include "src/rlwe/threads.h"
#include "src/rlwe/packed-multiply.h"

namespace cipherprune {

namespace {

/** Uniform in [-2^bits, 2^bits) modulo a prime, from base-2^26 digits [digit][count]. */
class Flooding {
 public:
  Flooding(Sampler& sampler, int bits, size_t count) : bits(bits), count(count), digits((bits + 1 + primeBits - 1) / primeBits), words(digits * count) {
    for (size_t d = 0; d < digits; d++) {
      const int width = static_cast<int>(d + 1 < digits ? primeBits : bits + 1 - primeBits * (digits - 1));
      sampler.digits(width, count, words.data() + d * count);
    }
  }

  /** Residues of all values. */
  void residues(const Modulus& m, uint32_t* out) const {
    const uint32_t offset = m.power(2, static_cast<uint64_t>(bits));
    for (size_t i = 0; i < count; i++) {
      uint32_t value = 0;
      for (size_t d = digits; d-- > 0;) value = m.once(m.lazy(value, m.digit)), value = m.reduce(value + words[d * count + i]);
      out[i] = m.subtract(value, offset);
    }
  }

 private:
  int bits;
  size_t count, digits;
  Words words;
};

/** Adds a fresh public-key encryption of zero: (b, a) += u·(pb, pa) + errors. */
void addZeroEncryption(const RlweContext& context, size_t limbs, const uint32_t* publicKey, Sampler& sampler, uint32_t* ct) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  std::vector<int32_t> u(n), error(2 * n);
  sampler.ternary(n, u.data());
  sampler.error(2 * n, error.data());
  Words transformed(n), product(n);
  for (size_t l = 0; l < limbs; l++) {
    const NttTable& table = context.table(l);
    residuesOf(u.data(), n, table.modulus, transformed.data());
    loops.forward(transformed.data(), table);
    for (size_t h = 0; h < 2; h++) {
      uint32_t* half = ct + (h * limbs + l) * n;
      loops.multiply(transformed.data(), publicKey + (h * context.limbs + l) * n, n, table.modulus, product.data());
      loops.inverse(product.data(), table);
      loops.add(half, product.data(), n, table.modulus, half);
      residuesOf(error.data() + h * n, n, table.modulus, product.data());
      loops.add(half, product.data(), n, table.modulus, half);
    }
  }
}

/** Divides a half [limbs][n] by its last primes, with rounding. */
void switchDown(const RlweContext& context, size_t limbs, size_t downLimbs, uint32_t* half) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n;
  for (size_t last = limbs - 1; last >= downLimbs; last--) {
    const Modulus& dropped = context.modulus(last);
    const uint32_t middle = dropped.p / 2;
    uint32_t* rest = half + last * n;
    for (size_t i = 0; i < n; i++) rest[i] = dropped.once(rest[i] + middle);
    for (size_t l = 0; l < last; l++) {
      const Modulus& m = context.modulus(l);
      loops.divideRound(half + l * n, rest, middle, m.factor(m.inverse(dropped.p % m.p)), n, m, half + l * n);
    }
  }
}

/** One group's result, hidden and switched down, onto the wire. */
struct Finisher {
  const RlweContext& context;
  const PackedLayout& layout;
  const uint32_t* publicKey;
  const uint64_t* mask;
  Strides maskStrides;
  int floodBits;
  const uint8_t* secretSeed;
  MessageScale scale;

  void finish(size_t group, uint32_t* ct, uint8_t* out) const {
    const size_t n = context.n, limbs = layout.limbs, wanted = layout.wantedCoefficients(group);
    Sampler sampler(secretSeed);
    sampler.seek(group);
    addZeroEncryption(context, limbs, publicKey, sampler, ct);
    const Flooding flooding(sampler, floodBits, wanted);
    Words values(wanted);
    for (size_t l = 0; l < limbs; l++) {
      const Modulus& m = context.modulus(l);
      flooding.residues(m, values.data());
      size_t k = 0;
      forEachWanted(layout, group, [&](size_t coefficient, size_t b, size_t row, size_t column) {
        uint32_t& word = ct[l * n + coefficient];
        word = m.subtract(m.add(word, values[k++]), scale.residue(mask[maskStrides.at(b, row, column)], l));
      });
    }
    switchDown(context, limbs, layout.downLimbs, ct);
    switchDown(context, limbs, layout.downLimbs, ct + limbs * n);
    for (size_t l = 0; l < layout.downLimbs; l++) {
      packResidues(ct + (limbs + l) * n, n, out);
      out += packedBytes(n);
      size_t k = 0;
      forEachWanted(layout, group, [&](size_t coefficient, size_t, size_t, size_t) { values[k++] = ct[l * n + coefficient]; });
      packResidues(values.data(), wanted, out);
      out += packedBytes(wanted);
    }
  }
};

}  // namespace

size_t evaluatePacked(const RlweContext& context, const PackedLayout& layout, EvaluationKeys keys, const uint8_t* inputs,
                      const uint8_t* publicSeed, const PackedWeights& weights, const uint64_t* mask, Strides maskStrides,
                      int floodBits, const uint8_t* secretSeed, size_t threads, uint8_t* out) {
  const size_t productWords = 2 * layout.limbs * context.n, groups = layout.groups();
  Words products(layout.products() * productWords);
  const size_t invalid = multiplyPacked(context, layout, inputs, publicSeed, weights, threads, products.data());
  if (invalid) return invalid;
  const Finisher finisher{context, layout, keys.publicKey, mask, maskStrides, floodBits, secretSeed,
                          MessageScale(context, layout.limbs, layout.ringBits)};
  std::vector<size_t> offsets(groups);
  for (size_t g = 1; g < groups; g++) offsets[g] = offsets[g - 1] + layout.groupBytes(g - 1);
  std::vector<std::unique_ptr<KeySwitcher>> switchers(threads);
  splitWork(threads, groups, [&](size_t g, size_t worker) {
    if (!switchers[worker]) switchers[worker] = std::make_unique<KeySwitcher>(context, layout.limbs, keys.galoisKeys);
    std::vector<uint32_t*> cts;
    for (size_t t = 0; t < layout.groupProducts(g); t++) cts.push_back(products.data() + (g * layout.kIn + t) * productWords);
    packByTrace(*switchers[worker], cts, layout.logKIn());
    finisher.finish(g, cts[0], out + offsets[g]);
  });
  return 0;
}

}  // namespace cipherprune
