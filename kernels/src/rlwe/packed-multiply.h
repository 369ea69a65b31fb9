// The multiplication inside evaluatePacked, up to packing.
#pragma once
#include <functional>

#include "packed-linear.h"

namespace cipherprune {

/** Packs groups first to last - 1 of products [group][kIn][half b, half a][limb][n], scaled by 1/kIn for the trace; of the b halves
 *  only the coefficients that carry outputs are meaningful. May overwrite them. */
using PackProducts = std::function<void(size_t first, size_t last, uint32_t* products)>;

/** Multiplies, and has the products packed slice by slice, in the order of their groups: all at once would be hundreds of
 *  megabytes. Returns how many received residues were invalid; then nothing is multiplied. */
size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, const PackProducts& pack);

}  // namespace cipherprune
