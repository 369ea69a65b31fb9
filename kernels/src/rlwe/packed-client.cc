#include <algorithm>
#include <atomic>
#include <cstring>

#include "noise-distance.h"
#include "packed-linear.h"
#include "src/base/bit-stream.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

std::vector<Words> secretTransforms(const RlweContext& context, const int32_t* secret, size_t limbs) {
  std::vector<Words> result;
  for (size_t l = 0; l < limbs; l++) {
    result.emplace_back(context.n);
    secretTransform(secret, context.table(l), result[l].data());
  }
  return result;
}

/** a·s as coefficients, in place of a. */
void timesSecret(uint32_t* a, const Words& secret, const NttTable& table) {
  const PolyLoops& loops = polyLoops();
  loops.forward(a, table);
  loops.multiply(a, secret.data(), table.n, table.modulus, a);
  loops.inverse(a, table);
}

/** The scaled message of one block of features, x[i, c] at Y^i X^c, as digits; added to one limb at a time. */
class Message {
 public:
  Message(const PackedLayout& layout, const MessageScale& scale, const uint64_t* x, Strides strides, size_t b, size_t block)
      : layout(layout), scale(scale), features(std::min(layout.kIn, layout.inputs - block * layout.kIn)),
        count((layout.rows * features + 15) / 16 * 16), planes(MessageScale::terms * count), residues(count) {
    std::memset(planes.data(), 0, 4 * MessageScale::terms * count);
    for (size_t i = 0, k = 0; i < layout.rows; i++)
      for (size_t c = 0; c < features; c++) scale.digits(x[strides.at(b, i, block * layout.kIn + c)], planes.data() + k++, count);
  }

  void addTo(uint32_t* out, const Modulus& m, size_t limb) {
    uint32_t factors[MessageScale::terms];
    scale.factors(limb, factors);
    polyLoops().combine(planes.data(), count, factors, MessageScale::terms, 0, count, m, residues.data());
    for (size_t i = 0, k = 0; i < layout.rows; i++) {
      uint32_t* to = out + i * layout.phi();
      for (size_t c = 0; c < features; c++, k++) to[c] = m.add(to[c], residues[k]);
    }
  }

 private:
  const PackedLayout& layout;
  const MessageScale& scale;
  size_t features, count;
  Words planes, residues;
};

void packSent(const PackedLayout& layout, uint32_t* b, uint8_t* out) {
  if (!layout.allTokens()) {
    const size_t phi = layout.phi();
    for (size_t i = 0; i < phi; i++) b[layout.rows * phi + i] = b[layout.n - phi + i];
  }
  packResidues(b, layout.sentCoefficients(), out);
}

/** A result's halves where they come as fractions of the modulus: b in 64 bits, a as digits from which residues follow. */
class Fractions {
 public:
  Fractions(const PackedLayout& layout, const uint8_t* fromA, const uint8_t* fromB, size_t wanted, const MessageScale& scale, uint64_t* b)
      : scale(scale), n(layout.sendsFractions() ? layout.n : 0), planes(MessageScale::terms * n) {
    if (n == 0) return;
    BitReader ofA{fromA, fromA + layout.aBytes()}, ofB{fromB, fromB + layout.bBytes(wanted)};
    const unsigned aBits = static_cast<unsigned>(layout.aBits), bBits = static_cast<unsigned>(layout.bBits);
    for (size_t k = 0; k < n; k++) scale.digits(ofA.take(aBits), planes.data() + k, n);
    for (size_t k = 0; k < wanted; k++) b[k] = ofB.take(bBits) << (64 - bBits);
  }

  /** Of a, [n] */
  void residues(const Modulus& m, size_t limb, uint32_t* out) const {
    uint32_t factors[MessageScale::terms];
    scale.factors(limb, factors);
    polyLoops().combine(planes.data(), n, factors, MessageScale::terms, 0, n, m, out);
  }

 private:
  const MessageScale& scale;
  size_t n;
  Words planes;
};

}  // namespace

void encryptPacked(const RlweContext& context, const PackedLayout& layout, const int32_t* secret, const uint64_t* x,
                   Strides strides, Seed publicSeed, Seed errorSeed, size_t threads, uint8_t* out) {
  const size_t n = context.n, limbBytes = packedBytes(layout.sentCoefficients());
  const MessageScale scale(context, layout.limbs, layout.ringBits);
  const std::vector<Words> secrets = secretTransforms(context, secret, layout.limbs);
  splitWork(threads, layout.inputCiphertexts(), [&](size_t ct, size_t) {
    const PolyLoops& loops = polyLoops();
    Sampler publicSampler(publicSeed), errorSampler(errorSeed);
    std::vector<int32_t> error(n);
    errorSampler.seek(ct);
    errorSampler.error(n, error.data());
    Words a(n), b(n);
    Message message(layout, scale, x, strides, ct / layout.inputBlocks(), ct % layout.inputBlocks());
    for (size_t l = 0; l < layout.limbs; l++) {
      const NttTable& table = context.table(l);
      publicSampler.seek(ct * layout.limbs + l);
      publicSampler.uniform(table.modulus, n, a.data());
      timesSecret(a.data(), secrets[l], table);
      residuesOf(error.data(), n, table.modulus, b.data());
      message.addTo(b.data(), table.modulus, l);
      loops.subtract(b.data(), a.data(), n, table.modulus, b.data());
      packSent(layout, b.data(), out + (ct * layout.limbs + l) * limbBytes);
    }
  });
}

size_t decryptPacked(const RlweContext& context, const PackedLayout& layout, const int32_t* secret, const uint8_t* bytes,
                     size_t threads, uint64_t* out, Strides strides, uint64_t* noise) {
  const size_t n = context.n, groups = layout.groups();
  const MessageRounding rounding(context, layout.downLimbs, layout.ringBits);
  const MessageScale scale(context, layout.downLimbs, layout.sendsFractions() ? layout.aBits : layout.ringBits);
  const std::vector<Words> secrets = secretTransforms(context, secret, layout.downLimbs);
  const std::vector<size_t> bOffsets = layout.bOffsets();
  std::atomic<size_t> invalid{0};
  std::vector<uint64_t> worst(groups);
  splitWork(threads, groups, [&](size_t g, size_t) {
    const size_t wanted = layout.wantedCoefficients(g);
    const uint8_t *fromA = bytes + g * layout.groupABytes(), *fromB = bytes + layout.outputABytes() + bOffsets[g];
    Words a(n), b(wanted);
    std::vector<uint64_t> fractions(wanted);
    const bool fromFractions = layout.sendsFractions();
    const Fractions halves(layout, fromA, fromB, wanted, scale, fractions.data());
    if (fromFractions) std::fill_n(b.data(), wanted, 0u);  // in `fractions` already
    for (size_t l = 0; l < layout.downLimbs; l++) {
      const NttTable& table = context.table(l);
      if (fromFractions) {
        halves.residues(table.modulus, l, a.data());
      } else {
        invalid += unpackResidues(fromA + l * packedBytes(n), n, table.modulus, a.data());
        invalid += unpackResidues(fromB + l * packedBytes(wanted), wanted, table.modulus, b.data());
      }
      timesSecret(a.data(), secrets[l], table);
      size_t k = 0;
      forEachWanted(layout, g, [&](size_t coefficient, size_t, size_t, size_t) {
        fractions[k] += rounding.term(table.modulus.add(b[k], a[coefficient]), l);
        k++;
      });
    }
    size_t k = 0;
    uint64_t largest = 0;
    forEachWanted(layout, g, [&](size_t, size_t batch, size_t row, size_t column) {
      const uint64_t value = rounding.round(fractions[k]) & ((uint64_t{1} << layout.ringBits) - 1);
      out[strides.at(batch, row, column)] = value;
      largest = largerOf(largest, noiseDistance(fractions[k++], value, layout.ringBits));
    });
    worst[g] = largest;
  });
  if (noise) {
    *noise = 0;
    for (uint64_t w : worst) *noise = largerOf(*noise, w);
  }
  return invalid;
}

}  // namespace cipherprune
