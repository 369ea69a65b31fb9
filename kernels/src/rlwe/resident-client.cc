#include <algorithm>
#include <atomic>
#include <cstring>

#include "resident-rows.h"
#include "src/ring/ring.h"
#include "threads.h"

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
        columnsOf(layout.limbs * layout.inputs * stride), hidden(context, layout, publicSeed, x, rows, secretSeed) {}

  /** Returns how many residues were invalid. */
  size_t multiply(size_t threads, uint8_t* out, int32_t* ready) {
    hidden.halves(threads, out);
    size_t made = rows * layout.aBytes();
    __atomic_store_n(ready, static_cast<int32_t>(made), __ATOMIC_RELEASE);
    splitWork(threads, layout.limbs, [&](size_t l, size_t) { transposeRows(l); });
    std::atomic<size_t> invalid{0};
    const size_t blocksAtOnce = std::max(leaveBlocks, threadBlocks * threads);
    for (size_t first = 0; first < layout.outputBlocks() && invalid == 0; first += blocksAtOnce) {
      const size_t last = std::min(layout.outputBlocks(), first + blocksAtOnce);
      splitWork(threads, last - first, [&](size_t i, size_t) {
        invalid += blockB(first + i, out + made + layout.blocksBytes(rows, first, first + i));
      });
      made += layout.blocksBytes(rows, first, last);
      if (invalid == 0) __atomic_store_n(ready, static_cast<int32_t>(made), __ATOMIC_RELEASE);
    }
    return invalid;
  }

 private:
  /** x as residues of one limb, [inputs][stride]; rows beyond the last are zero. */
  void transposeRows(size_t limb) {
    uint32_t* to = columnsOf.data() + limb * layout.inputs * stride;
    for (size_t c = 0; c < layout.inputs; c++)
      for (size_t i = 0; i < stride; i++)
        to[c * stride + i] = i < rows ? signedResidue(x[i * layout.inputs + c], layout.ringBits, context.modulus(limb)) : 0;
  }

  /** Half b of one block of outputs for all rows, packed. */
  size_t blockB(size_t v, uint8_t* out) const {
    const size_t kOut = layout.kOut(), width = layout.width(v), residues = layout.blockResidues();
    const uint8_t* bytes = blocks + v * layout.blockBytes();
    Words values(residues), sums(stride * kOut);
    std::vector<uint64_t> fractions(rows * kOut);
    size_t invalid = 0;
    Words hiding = hidingOf(v, width);
    for (size_t l = 0; l < layout.limbs; l++, bytes += packedBytes(residues)) {
      invalid += unpackResidues(bytes, residues, context.modulus(l), values.data());
      products(l, values.data() + layout.rank * layout.n, sums.data());
      hidden.addZeros(l, values.data(), sums.data());
      hide(l, hiding, sums.data());
      for (size_t k = 0; k < rows * kOut; k++) fractions[k] += rounding.term(sums[k], l);
    }
    // In place: a row's outputs move to the front of what is read.
    for (size_t i = 0; i < rows; i++)
      for (size_t o = 0; o < width; o++) fractions[i * width + o] = nearestFraction(fractions[i * kOut + o], layout.bBits);
    ringPack(fractions.data(), rows * width, layout.bBits, out);
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
  /** x as residues [limb][inputs][stride]. */
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
