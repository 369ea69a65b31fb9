// The multiplication inside evaluatePacked, up to packing.
#pragma once
#include "packed-linear.h"

namespace cipherprune {

/** products [batch · outputBlocks][half b, half a][limb][n], scaled by 1/kIn for the trace; of the b halves only the
 *  coefficients that carry outputs are meaningful. Returns how many received residues were invalid. */
size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, uint32_t* products);

}  // namespace cipherprune
