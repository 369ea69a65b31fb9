#include <algorithm>
#include <cstring>

#include "packed-multiply.h"
#include "src/base/bit-stream.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

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
    for (size_t l = 0; l < last; l++) {
      const Modulus& m = context.modulus(l);
      loops.divideRound(half + l * n, half + last * n, dropped, m.factor(m.inverse(dropped.p % m.p)), n, m, half + l * n);
    }
  }
}

/** Divides a group of products, packed by kIn, by the last limb, with rounding, and puts those of the limbs that are left together. */
void dropLimb(const RlweContext& context, Halves halves, size_t limbs, size_t kIn, uint32_t* group) {
  const PolyLoops& loops = polyLoops();
  const size_t n = context.n, last = limbs - 1;
  const Modulus& dropped = context.modulus(last);
  const std::vector<uint32_t> weights = componentWeights(context, last);
  const auto divide = [&](size_t limb, const uint32_t* x, const uint32_t* rest, uint32_t weight, uint32_t* out) {
    const Modulus& m = context.modulus(limb);
    loops.divideRound(x, rest, dropped, m.factor(m.multiply(m.inverse(dropped.p % m.p), m.factor(weight))), n, m, out);
  };
  for (size_t l = 0; l < last; l++) divide(l, group + l * n, group + last * n, 1, group + l * n);
  const uint32_t* components = group + limbs * n;
  for (size_t l = 0; l < last && halves.a; l++)
    for (size_t c = 0; c < kIn; c++)
      divide(l, components + (l * kIn + c) * n, components + (last * kIn + c) * n, weights[l], group + (last + l * kIn + c) * n);
}

/** Where the outputs of a group lie, in wire order, and what hides them: the scaled mask and flooding noise, uniform in
 *  [-2^floodBits, 2^floodBits), as base-2^26 digits from which each limb follows. */
class Hiding {
 public:
  Hiding(const PackedLayout& layout, size_t group, const MessageScale& scale, const uint64_t* mask, Strides maskStrides,
         int floodBits, Sampler& sampler)
      : scale(scale), floodBits(floodBits), wanted(layout.wantedCoefficients(group)), stride((wanted + 15) / 16 * 16),
        floodDigits((floodBits + primeBits) / primeBits), planes((MessageScale::terms + floodDigits) * stride), residues(stride) {
    std::memset(planes.data(), 0, 4 * (MessageScale::terms + floodDigits) * stride);
    coefficients.reserve(wanted);
    forEachWanted(layout, group, [&](size_t coefficient, size_t b, size_t row, size_t column) {
      scale.digits(mask[maskStrides.at(b, row, column)], planes.data() + coefficients.size(), stride);
      coefficients.push_back(static_cast<uint32_t>(coefficient));
    });
    for (size_t d = 0; d < floodDigits; d++) {
      const size_t width = d + 1 < floodDigits ? primeBits : floodBits + 1 - primeBits * (floodDigits - 1);
      sampler.digits(static_cast<int>(width), wanted, planes.data() + (MessageScale::terms + d) * stride);
    }
  }

  /** Adds flooding - mask to one limb of a b half. */
  void addTo(uint32_t* half, const Modulus& m, size_t limb) {
    std::vector<uint32_t> factors(MessageScale::terms + floodDigits);
    scale.factors(limb, factors.data());
    for (size_t t = 0; t < MessageScale::terms; t++) factors[t] = m.subtract(0, factors[t]);
    for (size_t d = 0; d < floodDigits; d++) factors[MessageScale::terms + d] = m.power(2, primeBits * d);
    const uint32_t lowest = m.subtract(0, m.power(2, static_cast<uint64_t>(floodBits)));
    polyLoops().combine(planes.data(), stride, factors.data(), factors.size(), lowest, stride, m, residues.data());
    for (size_t k = 0; k < wanted; k++) half[coefficients[k]] = m.add(half[coefficients[k]], residues[k]);
  }

  void gather(const uint32_t* half, uint32_t* out) const {
    for (size_t k = 0; k < wanted; k++) out[k] = half[coefficients[k]];
  }

 private:
  const MessageScale& scale;
  int floodBits;
  size_t wanted, stride, floodDigits;
  Words planes, residues;
  std::vector<uint32_t> coefficients;
};

/** One group's result, hidden and switched down, onto the wire. */
struct Finisher {
  const RlweContext& context;
  const PackedLayout& layout;
  const uint32_t* publicKey;
  const uint64_t* mask;
  Strides maskStrides;
  int floodBits;
  Seed secretSeed;
  MessageScale scale;

  /** Half a, and what it and the encryption of zero add to half b. */
  void finishA(size_t group, uint32_t* ct, uint8_t* out) const {
    const size_t n = context.n, limbs = layout.packedLimbs();
    Sampler sampler(secretSeed);
    sampler.seek(group);
    addZeroEncryption(context, limbs, publicKey, sampler, ct);
    uint32_t* a = ct + limbs * n;
    switchDown(context, limbs, layout.downLimbs, a);
    write(n, layout.aBits, [&](size_t l) { return a + l * n; }, out);
  }

  void finishB(size_t group, uint32_t* b, uint8_t* out) const {
    const size_t n = context.n, limbs = layout.packedLimbs(), wanted = layout.wantedCoefficients(group);
    Sampler sampler(secretSeed);
    sampler.seek(layout.groups() + group);
    Hiding hiding(layout, group, scale, mask, maskStrides, floodBits, sampler);
    for (size_t l = 0; l < limbs; l++) hiding.addTo(b + l * n, context.modulus(l), l);
    switchDown(context, limbs, layout.downLimbs, b);
    Words values(wanted);
    const auto gathered = [&](size_t l) {
      hiding.gather(b + l * n, values.data());
      return values.data();
    };
    write(wanted, layout.bBits, gathered, out);
  }

 private:
  /** A half's residues, of one limb after the other, as they are or as fractions of so many bits of the modulus that is left, rounded. */
  template <class ResiduesOf>
  void write(size_t count, int bits, ResiduesOf residuesOf, uint8_t* out) const {
    if (!layout.sendsFractions()) {
      for (size_t l = 0; l < layout.downLimbs; l++) packResidues(residuesOf(l), count, out + l * packedBytes(count));
      return;
    }
    const MessageRounding rounding(context, layout.downLimbs, bits);
    std::vector<uint64_t> fractions(count);
    for (size_t l = 0; l < layout.downLimbs; l++) {
      const uint32_t* residues = residuesOf(l);
      for (size_t k = 0; k < count; k++) fractions[k] += rounding.term(residues[k], l);
    }
    BitWriter writer{out, out + (count * static_cast<size_t>(bits) + 7) / 8};
    const uint64_t mask = lowBits(static_cast<unsigned>(bits));
    for (size_t k = 0; k < count; k++) writer.put(rounding.round(fractions[k]) & mask, static_cast<unsigned>(bits));
    writer.align();
  }
};

}  // namespace

size_t evaluatePacked(const RlweContext& context, const PackedLayout& layout, EvaluationKeys keys, const uint8_t* inputs,
                      Seed publicSeed, const PackedWeights& weights, const uint64_t* mask, Strides maskStrides,
                      int floodBits, Seed secretSeed, size_t threads, const Answer& answer) {
  const Halves halves = answer.halves;
  const size_t limbWords = layout.packedLimbs() * layout.n;
  const Finisher finisher{context, layout, keys.publicKey, mask, maskStrides, floodBits, secretSeed,
                          MessageScale(context, layout.packedLimbs(), layout.ringBits)};
  const std::vector<size_t> bOffsets = layout.bOffsets();
  uint8_t* outB = answer.out + (halves.a ? layout.outputABytes() : 0);
  const auto packGroups = [&](size_t kIn, const uint32_t* packingKeys, const std::vector<PackingGroup>& some) {
    if (some.empty()) return;
    if (!layout.isPackedWhole()) splitWork(threads, some.size(), [&](size_t i, size_t) { dropLimb(context, halves, layout.limbs, kIn, some[i].words); });
    if (halves.a) Packer(context, layout.packedLimbs(), kIn, packingKeys, threads).pack(some);
  };
  const auto finish = [&](size_t group, uint32_t* words) {
    uint32_t* kept = halves.a && halves.b ? nullptr : answer.kept + group * limbWords;
    if (halves.a) finisher.finishA(group, words, answer.out + group * layout.groupABytes());
    if (halves.a && !halves.b) std::copy_n(words, limbWords, kept);
    for (size_t l = 0; l < layout.packedLimbs() && !halves.a; l++) {
      uint32_t* b = words + l * layout.n;
      polyLoops().add(b, kept + l * layout.n, layout.n, context.modulus(l), b);
    }
    if (halves.b) finisher.finishB(group, words, outB + bOffsets[group]);
  };
  return multiplyPacked(context, layout, halves, inputs, publicSeed, weights, threads, [&](size_t first, size_t last, const ProductGroups& products) {
    if (layout.kIn > 1) {
      std::vector<PackingGroup> full, rest;
      for (size_t g = first; g < last; g++) (layout.groupKIn(g) == layout.kIn ? full : rest).push_back({products.group(g - first)});
      packGroups(layout.kIn, keys.packingKeys, full);
      packGroups(layout.lastKIn(), keys.lastPackingKeys, rest);
    }
    splitWork(threads, last - first, [&](size_t i, size_t) { finish(first + i, products.group(i)); });
    const bool isLast = last == layout.groups();
    size_t ready = halves.a ? last * layout.groupABytes() : isLast ? layout.outputBBytes() : bOffsets[last];
    if (isLast && halves.a && halves.b) ready += layout.outputBBytes();
    __atomic_store_n(answer.ready, static_cast<int32_t>(ready), __ATOMIC_RELEASE);
  });
}

}  // namespace cipherprune
