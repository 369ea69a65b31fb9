// The server's secrets of a weight that stays at the client (resident.h).
#pragma once
#include "resident.h"

namespace cipherprune {

/** Secret of a block of outputs, transformed and reduced: [limb][rank][n] of the first limbs. */
void residentSecret(const RlweContext& context, const ResidentLayout& layout, const uint8_t* secretSeed, size_t v, size_t limbs, uint32_t* out);

}  // namespace cipherprune
