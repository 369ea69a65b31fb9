// Rows of Ferret's public matrix (ferret.h) times its table: most of what a COT costs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cipherprune {

/** Rows of one call. */
constexpr size_t kLpnRows = 64;

/** out[i] = leaf[i] with its lowest bit cleared + the entries `places` [kLpnRows][kLpnWeight] & mask of the table. */
using EncodeRows = void (*)(const uint8_t* leaves, const uint8_t* table, const uint32_t* places, uint32_t mask, uint8_t* out);

#ifdef CIPHERPRUNE_X86
void encodeRowsAvx512(const uint8_t* leaves, const uint8_t* table, const uint32_t* places, uint32_t mask, uint8_t* out);
#endif

}  // namespace cipherprune
