#include <algorithm>
#include <atomic>
#include <cstring>

#include "resident-rows.h"
#include "src/base/parallel.h"
#include "src/ring/ring.h"

namespace cipherprune {

namespace {

/** Streams of a message's secret seed: one a row, then one a block of outputs. */
constexpr uint64_t floodStreams = uint64_t{1} << 32;

/** Rows of one tile of the modular product. */
constexpr size_t tileRows = 8;

/** Blocks of outputs that leave together; at least so many for each thread. */
constexpr size_t leaveBlocks = 8, threadBlocks = 2;

class Multiplier {
 public:
  Multiplier(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* blocks,
             const uint64_t* x, const uint64_t* mask, size_t rows, int floodBits, const uint8_t* secretSeed)
      : context(context), layout(layout), blocks(blocks), x(x), mask(mask), rows(rows),
        stride((rows + tileRows - 1) / tileRows * tileRows), floodBits(floodBits), secretSeed(secretSeed),
        scale(context, layout.limbs, layout.ringBits), rounding(context, layout.limbs, layout.ringBits),
        columnsOf(layout.limbs * columnWords()), hidden(context, layout, publicSeed, x, rows, secretSeed) {}

  /** Returns how many residues were invalid. */
  size_t multiply(size_t threads, uint8_t* out, int32_t* ready) {
    hidden.halves(threads, out);
    size_t made = rows * layout.aBytes();
    __atomic_store_n(ready, static_cast<int32_t>(made), __ATOMIC_RELEASE);
    transposeRows(threads);
    std::atomic<size_t> invalid{0};
    const size_t blocksAtOnce = std::max(leaveBlocks, threadBlocks * threads);
    for (size_t first = 0; first < layout.outputBlocks() && invalid == 0; first += blocksAtOnce) {
      const size_t last = std::min(layout.outputBlocks(), first + blocksAtOnce);
      splitWork(threads, (last - first + laneBlocks - 1) / laneBlocks, [&](size_t i, size_t) {
        const size_t begin = first + i * laneBlocks;
        invalid += halvesB(begin, std::min(last, begin + laneBlocks), out + made + layout.blocksBytes(rows, first, begin));
      });
      made += layout.blocksBytes(rows, first, last);
      if (invalid == 0) __atomic_store_n(ready, static_cast<int32_t>(made), __ATOMIC_RELEASE);
    }
    return invalid;
  }

 private:
  /** Of one limb; what lies behind the last row is zero. */
  size_t columnWords() const { return (layout.inputs * stride + columns - 1) / columns * columns; }

  /** x as residues, [limb][inputs][stride]. */
  void transposeRows(size_t threads) {
    SignedDigits shares(layout.ringBits, layout.inputs * stride);
    for (size_t c = 0; c < layout.inputs; c++)
      for (size_t i = 0; i < rows; i++) shares.set(c * stride + i, x[i * layout.inputs + c]);
    splitWork(threads, layout.limbs, [&](size_t l, size_t) {
      shares.residues(context.modulus(l), 0, layout.inputs * stride, columnsOf.data() + l * columnWords());
    });
  }

  /** Halves b of a few blocks of outputs for all rows, each packed. */
  size_t halvesB(size_t first, size_t last, uint8_t* out) const {
    const size_t count = last - first, kOut = layout.kOut(), residues = layout.blockResidues(), limbBytes = packedBytes(residues);
    Words values(residues), keys(count * layout.rank * layout.n), sums(count * stride * kOut), hiding[laneBlocks];
    uint32_t* sumsOf[laneBlocks];
    for (size_t c = 0; c < count; c++) {
      hiding[c] = hidingOf(first + c, layout.width(first + c));
      sumsOf[c] = sums.data() + c * stride * kOut;
    }
    std::vector<uint64_t> fractions(count * rows * kOut);
    size_t invalid = 0;
    for (size_t l = 0; l < layout.limbs; l++) {
      for (size_t c = 0; c < count; c++) {
        invalid += unpackResidues(blocks + (first + c) * layout.blockBytes() + l * limbBytes, residues, context.modulus(l), values.data());
        products(l, values.data() + layout.rank * layout.n, sumsOf[c]);
        toLeaves(layout, values.data(), c, count, keys.data());
      }
      hidden.addZeros(l, keys.data(), count, sumsOf);
      for (size_t c = 0; c < count; c++) {
        hide(l, hiding[c], sumsOf[c]);
        for (size_t k = 0; k < rows * kOut; k++) fractions[c * rows * kOut + k] += rounding.term(sumsOf[c][k], l);
      }
    }
    for (size_t c = 0; c < count; c++) packRounded(fractions.data() + c * rows * kOut, layout.width(first + c), out + layout.blocksBytes(rows, first, first + c));
    return invalid;
  }

  /** Fractions [rows][kOut], of which the first outputs are sent; they are overwritten. */
  void packRounded(uint64_t* fractions, size_t width, uint8_t* out) const {
    // In place: a row's outputs move to the front of what is read.
    for (size_t i = 0; i < rows; i++)
      for (size_t o = 0; o < width; o++) fractions[i * width + o] = nearestFraction(fractions[i * layout.kOut() + o], layout.bBits);
    ringPack(fractions, rows * width, layout.bBits, out);
  }

  /** sums [stride][kOut] = x · b, below 2p. */
  void products(size_t limb, const uint32_t* tiles, uint32_t* sums) const {
    const size_t kOut = layout.kOut(), inputs = layout.inputs;
    const uint32_t* from = columnsOf.data() + limb * columnWords();
    for (size_t t = 0; t < kOut / columns; t++)
      for (size_t i = 0; i < stride; i += tileRows)
        polyLoops().tile(from + i, stride, tiles + t * inputs * columns, tileRows, inputs, context.modulus(limb),
                         sums + i * kOut + t * columns, kOut);
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
  const uint8_t* blocks;
  const uint64_t *x, *mask;
  size_t rows, stride;
  int floodBits;
  const uint8_t* secretSeed;
  MessageScale scale;
  MessageRounding rounding;
  /** As transposeRows makes them. */
  Words columnsOf;
  ResidentRows hidden;
};

}  // namespace

size_t multiplyResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* blocks,
                        const uint64_t* x, const uint64_t* mask, size_t rows, int floodBits, const uint8_t* secretSeed,
                        size_t threads, uint8_t* out, int32_t* ready) {
  return Multiplier(context, layout, publicSeed, blocks, x, mask, rows, floodBits, secretSeed).multiply(threads, out, ready);
}

}  // namespace cipherprune
