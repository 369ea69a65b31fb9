#include <algorithm>
#include <atomic>
#include <cstring>

#include "resident.h"
#include "src/ring/ring.h"
#include "threads.h"

namespace cipherprune {

namespace {

/** Streams of a message's secret seed: one a row, then one a block of outputs. */
constexpr uint64_t floodStreams = uint64_t{1} << 32;

/** Rows of one tile of the modular product. */
constexpr size_t tileRows = 8;

/** A fraction of 2^64 to the nearest of `bits` bits. */
uint64_t nearest(uint64_t fraction, int bits) {
  return ((fraction + (uint64_t{1} << (63 - bits))) >> (64 - bits)) & ringMaskOf(bits);
}

/** Shares modulo 2^bits, read as signed, as residues: what they are multiplied by is smallest then. Without a branch. */
uint32_t residueOf(uint64_t x, int bits, const Modulus& m) {
  const uint64_t negative = x >> (bits - 1), sign = 0 - negative;
  const uint32_t residue = m.reduceWide(((x ^ sign) + negative) & ringMaskOf(bits));
  const uint32_t mask = static_cast<uint32_t>(sign);
  return (residue & ~mask) | (m.subtract(0, residue) & mask);
}

class Multiplier {
 public:
  Multiplier(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* blocks,
             const uint64_t* x, const uint64_t* mask, size_t rows, int floodBits, const uint8_t* secretSeed)
      : context(context), layout(layout), publicSeed(publicSeed), blocks(blocks), x(x), mask(mask), rows(rows),
        stride((rows + tileRows - 1) / tileRows * tileRows), floodBits(floodBits), secretSeed(secretSeed),
        scale(context, layout.limbs, layout.ringBits), rounding(context, layout.limbs, layout.ringBits),
        columnsOf(layout.limbs * layout.inputs * stride), secrets(rows * layout.limbs * layout.rank * layout.n) {}

  /** Returns how many residues were invalid. */
  size_t multiply(size_t threads, uint8_t* out) {
    publicHalves(threads);
    splitWork(threads, rows, [&](size_t i, size_t) { halfA(i, out + i * layout.rowBytes()); });
    splitWork(threads, layout.limbs, [&](size_t l, size_t) { transposeRows(l); });
    std::vector<uint64_t> words(rows * layout.outputs);
    std::atomic<size_t> invalid{0};
    splitWork(threads, layout.outputBlocks(), [&](size_t v, size_t) { invalid += blockB(v, words.data()); });
    splitWork(threads, rows, [&](size_t i, size_t) {
      ringPack(words.data() + i * layout.outputs, layout.outputs, layout.bBits, out + i * layout.rowBytes() + layout.aBytes());
    });
    return invalid;
  }

 private:
  /** a [limb][rank][u][n] and A [limb][rank][rank][n], transformed. */
  void publicHalves(size_t threads) {
    const size_t n = layout.n, rank = layout.rank, inputs = layout.inputBlocks();
    inputHalves = Words(layout.limbs * rank * inputs * n);
    zeroHalves = Words(layout.limbs * rank * rank * n);
    splitWork(threads, layout.limbs * rank, [&](size_t unit, size_t) {
      ResidentPublic from(context, layout, publicSeed);
      const size_t l = unit / rank, j = unit % rank;
      for (size_t u = 0; u < inputs; u++) from.input(u, j, l, inputHalves.data() + (unit * inputs + u) * n);
      for (size_t i = 0; i < rank; i++) from.zero(j, i, l, zeroHalves.data() + (unit * rank + i) * n);
    });
  }

  /** Half a of a row: sum of x[u]·a[u], plus A times a fresh secret, plus errors. Keeps the secret, transformed. */
  void halfA(size_t row, uint8_t* out) {
    const PolyLoops& loops = polyLoops();
    const size_t n = layout.n, rank = layout.rank, inputs = layout.inputBlocks(), count = rank * n;
    Sampler sampler({Suite::aes, secretSeed});
    sampler.seek(row);
    std::vector<int32_t> secret(count), error(count);
    sampler.ternary(count, secret.data());
    sampler.error(count, error.data());
    std::vector<uint64_t> fractions(count);
    Words features(inputs * n), sum(n), term(n);
    for (size_t l = 0; l < layout.limbs; l++) {
      const NttTable& table = context.table(l);
      const Modulus& m = table.modulus;
      std::memset(features.data(), 0, 4 * inputs * n);
      for (size_t c = 0; c < layout.inputs; c++)
        features[c / layout.kIn * n + c % layout.kIn] = residueOf(x[row * layout.inputs + c], layout.ringBits, m);
      for (size_t u = 0; u < inputs; u++) loops.forward(features.data() + u * n, table);
      uint32_t* own = secrets.data() + (row * layout.limbs + l) * count;
      for (size_t i = 0; i < rank; i++) {
        residuesOf(secret.data() + i * n, n, m, own + i * n);
        loops.forward(own + i * n, table);
      }
      for (size_t j = 0; j < rank; j++) {
        loops.dot(own, n, zeroHalves.data() + (l * rank + j) * rank * n, n, rank, n, m, sum.data());
        for (size_t u = 0; u < inputs; u += 16) {
          const size_t terms = std::min<size_t>(16, inputs - u);
          loops.dot(features.data() + u * n, n, inputHalves.data() + ((l * rank + j) * inputs + u) * n, n, terms, n, m, term.data());
          loops.add(sum.data(), term.data(), n, m, sum.data());
        }
        loops.inverse(sum.data(), table);
        residuesOf(error.data() + j * n, n, m, term.data());
        loops.add(sum.data(), term.data(), n, m, sum.data());
        for (size_t k = 0; k < n; k++) fractions[j * n + k] += rounding.term(sum[k], l);
      }
    }
    for (uint64_t& fraction : fractions) fraction = nearest(fraction, layout.aBits);
    ringPack(fractions.data(), count, layout.aBits, out);
  }

  /** x as residues of one limb, [inputs][stride]; rows beyond the last are zero. */
  void transposeRows(size_t limb) {
    uint32_t* to = columnsOf.data() + limb * layout.inputs * stride;
    for (size_t c = 0; c < layout.inputs; c++)
      for (size_t i = 0; i < stride; i++)
        to[c * stride + i] = i < rows ? residueOf(x[i * layout.inputs + c], layout.ringBits, context.modulus(limb)) : 0;
  }

  /** Half b of one block of outputs for all rows. */
  size_t blockB(size_t v, uint64_t* words) const {
    const size_t kOut = layout.kOut(), width = std::min(kOut, layout.outputs - v * kOut), residues = layout.blockResidues();
    const uint8_t* bytes = blocks + v * layout.blockBytes();
    Words values(residues), sums(stride * kOut);
    std::vector<uint64_t> fractions(rows * kOut);
    size_t invalid = 0;
    Words hiding = hidingOf(v, width);
    for (size_t l = 0; l < layout.limbs; l++, bytes += packedBytes(residues)) {
      invalid += unpackResidues(bytes, residues, context.modulus(l), values.data());
      products(l, values.data() + layout.rank * layout.n, sums.data());
      addZeros(l, values.data(), sums.data());
      hide(l, hiding, sums.data());
      for (size_t k = 0; k < rows * kOut; k++) fractions[k] += rounding.term(sums[k], l);
    }
    for (size_t i = 0; i < rows; i++)
      for (size_t o = 0; o < width; o++)
        words[i * layout.outputs + v * kOut + o] = nearest(fractions[i * kOut + o], layout.bBits);
    return invalid;
  }

  /** sums [stride][kOut] = x · b, below 2p. */
  void products(size_t limb, const uint32_t* tiles, uint32_t* sums) const {
    const size_t kOut = layout.kOut(), inputs = layout.inputs;
    const uint32_t* from = columnsOf.data() + limb * inputs * stride;
    for (size_t t = 0; t < kOut / columns; t++)
      for (size_t i = 0; i < stride; i += tileRows)
        polyLoops().tile(from + i, stride, tiles + t * inputs * columns, tileRows, inputs, context.modulus(limb),
                         sums + i * kOut + t * columns, kOut);
  }

  /** Adds the public key times each row's secret at the coefficients of outputs. */
  void addZeros(size_t limb, const uint32_t* publicKey, uint32_t* sums) const {
    const PolyLoops& loops = polyLoops();
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, rank = layout.rank, kOut = layout.kOut();
    Words product(n);
    for (size_t i = 0; i < rows; i++) {
      loops.dot(secrets.data() + (i * layout.limbs + limb) * rank * n, n, publicKey, n, rank, n, table.modulus, product.data());
      loops.inverse(product.data(), table);
      uint32_t* to = sums + i * kOut;
      for (size_t o = 0; o < kOut; o++) to[o] = table.modulus.add(table.modulus.once(to[o]), product[o * layout.kIn]);
    }
  }

  size_t floodDigits() const { return static_cast<size_t>(floodBits + primeBits) / primeBits; }
  size_t hidingTerms() const { return MessageScale::terms + floodDigits(); }
  size_t hidingStride() const { return (rows * layout.kOut() + 15) / 16 * 16; }

  /** The mask and the flooding of a block, as base-2^26 digits: planes [terms][hidingStride]. */
  Words hidingOf(size_t v, size_t width) const {
    const size_t kOut = layout.kOut(), plane = hidingStride();
    Words planes(hidingTerms() * plane);
    std::memset(planes.data(), 0, 4 * hidingTerms() * plane);
    for (size_t i = 0; i < rows; i++)
      for (size_t o = 0; o < width; o++)
        scale.digits(mask[i * layout.outputs + v * kOut + o], planes.data() + i * kOut + o, plane);
    Sampler sampler({Suite::aes, secretSeed});
    sampler.seek(floodStreams + v);
    for (size_t d = 0; d < floodDigits(); d++) {
      const size_t bits = d + 1 < floodDigits() ? primeBits : static_cast<size_t>(floodBits) + 1 - primeBits * (floodDigits() - 1);
      sampler.digits(static_cast<int>(bits), rows * kOut, planes.data() + (MessageScale::terms + d) * plane);
    }
    return planes;
  }

  void hide(size_t limb, const Words& planes, uint32_t* sums) const {
    const Modulus& m = context.modulus(limb);
    std::vector<uint32_t> factors(hidingTerms());
    scale.factors(limb, factors.data());
    for (size_t d = 0; d < floodDigits(); d++) factors[MessageScale::terms + d] = m.power(2, primeBits * d);
    const uint32_t lowest = m.subtract(0, m.power(2, static_cast<uint64_t>(floodBits)));
    Words residues(hidingStride());
    polyLoops().combine(planes.data(), hidingStride(), factors.data(), factors.size(), lowest, hidingStride(), m, residues.data());
    for (size_t k = 0; k < rows * layout.kOut(); k++) sums[k] = m.add(sums[k], residues[k]);
  }

  const RlweContext& context;
  const ResidentLayout& layout;
  const uint8_t *publicSeed, *blocks;
  const uint64_t *x, *mask;
  size_t rows, stride;
  int floodBits;
  const uint8_t* secretSeed;
  MessageScale scale;
  MessageRounding rounding;
  /** x as residues [limb][inputs][stride]; the rows' secrets, transformed [row][limb][rank][n]. */
  Words columnsOf, secrets;
  Words inputHalves, zeroHalves;
};

}  // namespace

size_t multiplyResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* blocks,
                        const uint64_t* x, const uint64_t* mask, size_t rows, int floodBits, const uint8_t* secretSeed,
                        size_t threads, uint8_t* out) {
  return Multiplier(context, layout, publicSeed, blocks, x, mask, rows, floodBits, secretSeed).multiply(threads, out);
}

}  // namespace cipherprune
