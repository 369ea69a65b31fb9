#include "ferret-rows.h"

#include "ferret.h"

namespace cipherprune {

namespace {
#include "ferret-rows.inl"
}  // namespace

void encodeRowsAvx512(const uint8_t* leaves, const uint8_t* table, const uint32_t* places, uint32_t mask, uint8_t* out) {
  encodeRows(leaves, table, places, mask, out);
}

}  // namespace cipherprune
