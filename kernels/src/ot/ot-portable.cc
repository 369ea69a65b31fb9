#include "subspace-vole.h"
#include "src/prg/engine-bitsliced.h"

namespace cipherprune {
namespace {

/** Eight columns: sixteen squares of 8 × 8 bits. */
void transposeGroups(const uint8_t* rows, size_t stride, size_t groups, uint8_t* blocks) {
  for (size_t column = 0; column < groups; column++)
    for (int part = 0; part < 16; part++) {
      uint64_t square = 0;
      for (int r = 0; r < 8; r++)
        square |= static_cast<uint64_t>(rows[static_cast<size_t>(8 * part + r) * stride + column]) << (8 * r);
      square = transpose8(square);
      for (int i = 0; i < 8; i++) blocks[(8 * column + i) * 16 + part] = static_cast<uint8_t>(square >> (8 * i));
    }
}

}  // namespace

const OtPath portableOtPath = {SubspaceVole<BitslicedEngine>::run, transposeGroups, 8};

}  // namespace cipherprune
