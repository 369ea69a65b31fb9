// The multiplication inside evaluatePacked, up to packing.
#pragma once
#include <algorithm>
#include <functional>

#include "packed-linear.h"

namespace cipherprune {

/** Groups of products, of some groups that follow each other: of each group first the b halves, [limb][product][n / kIn], since packing
 *  leaves only each kIn-th coefficient of one; then the products' a halves, [product][limb][n]. What is packed comes to [half b, half a][limb][n]. */
class ProductGroups {
 public:
  ProductGroups(const PackedLayout& layout, size_t groups)
      : layout(layout), groupWords((1 + std::min(layout.kIn, layout.products())) * layout.limbs * layout.n), words(groups * groupWords) {}

  uint32_t* group(size_t g) const { return const_cast<uint32_t*>(words.data()) + g * groupWords; }
  /** Of a product, counted from the first group's first. */
  uint32_t* b(size_t product, size_t limb) const {
    return group(product / layout.kIn) + limb * layout.n + product % layout.kIn * (layout.n / layout.kIn);
  }
  uint32_t* a(size_t product, size_t limb) const {
    return group(product / layout.kIn) + ((1 + product % layout.kIn) * layout.limbs + limb) * layout.n;
  }

 private:
  const PackedLayout& layout;
  size_t groupWords;
  Words words;
};

/** Packs groups first to last - 1, scaled by 1/kIn for the trace; of the b halves only the coefficients that carry outputs are
 *  meaningful. May overwrite them. */
using PackProducts = std::function<void(size_t first, size_t last, const ProductGroups& products)>;

/** Multiplies, and has the products packed slice by slice, in the order of their groups: all at once would be hundreds of
 *  megabytes. Returns how many received residues were invalid; then nothing is multiplied. */
size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, const PackProducts& pack);

}  // namespace cipherprune
