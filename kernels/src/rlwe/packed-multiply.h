// The multiplication inside evaluatePacked, up to packing.
#pragma once
#include <algorithm>
#include <functional>

#include "packed-linear.h"
#include "packing.h"

namespace cipherprune {

/** Groups of products, of some groups that follow each other, as packing takes them (packing.h): for each of layout.limbs limbs, half b, then the components of
 *  half a, as many as the group is packed by; where nothing is packed, half a. */
class ProductGroups {
 public:
  ProductGroups(const PackedLayout& layout, Halves halves, size_t groups)
      : layout(layout), groupWords((1 + (halves.a ? layout.kIn : 0)) * layout.limbs * layout.n), words(groups * groupWords) {}

  uint32_t* group(size_t g) const { return const_cast<uint32_t*>(words.data()) + g * groupWords; }
  uint32_t* b(size_t g, size_t limb) const { return group(g) + limb * layout.n; }
  /** Those of one limb of a group that is packed by so many. */
  uint32_t* components(size_t g, size_t limb, size_t packed) const { return group(g) + (layout.limbs + limb * packed) * layout.n; }
  void clear(size_t g) const { std::fill_n(group(g), groupWords, 0u); }
  void clearB(size_t g) const { std::fill_n(group(g), layout.limbs * layout.n, 0u); }

 private:
  const PackedLayout& layout;
  size_t groupWords;
  Words words;
};

/** Packs groups first to last - 1; of the b halves only the coefficients that carry outputs are meaningful. May overwrite them. */
using PackProducts = std::function<void(size_t first, size_t last, const ProductGroups& products)>;

/** Multiplies, and has the products packed slice by slice, in the order of their groups: all at once would be hundreds of
 *  megabytes. Of half a alone, no inputs are read, and half b of the
 *  products is zero; of half b alone, there are no components. Returns how many received residues were invalid; then nothing is multiplied. */
size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, Halves halves, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, const PackProducts& pack);

}  // namespace cipherprune
