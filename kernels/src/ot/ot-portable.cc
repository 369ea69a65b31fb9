#include <cstring>

#include "subspace-vole.h"
#include "src/prg/engine-bitsliced.h"

namespace cipherprune {
namespace {

/** Rows of eight columns at a time: sixteen squares of 8 × 8 bits. */
void transposeColumns8(const uint8_t* rows, size_t stride, uint8_t* blocks) {
  for (int part = 0; part < 16; part++) {
    uint64_t square = 0;
    for (int r = 0; r < 8; r++) square |= static_cast<uint64_t>(rows[static_cast<size_t>(8 * part + r) * stride]) << (8 * r);
    square = transpose8(square);
    for (int i = 0; i < 8; i++) blocks[i * 16 + part] = static_cast<uint8_t>(square >> (8 * i));
  }
}

/** Byte j of row i to byte i of row j: four perfect shuffles. */
void transposeBytes(Lanes8* rows) {
  for (int stage = 0; stage < 4; stage++) {
    Lanes8 next[16];
    for (int i = 0; i < 8; i++) {
      next[2 * i] = shuffled<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(rows[i], rows[i + 8]);
      next[2 * i + 1] = shuffled<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(rows[i], rows[i + 8]);
    }
    memcpy(rows, next, sizeof next);
  }
}

/** 128 columns, sixteen rows at a time: they become two bytes of each block. */
void transposeColumns128(const uint8_t* rows, size_t stride, uint8_t* blocks) {
  for (int part = 0; part < 8; part++) {
    Lanes8 square[16];
    for (int r = 0; r < 16; r++) memcpy(&square[r], rows + static_cast<size_t>(16 * part + r) * stride, 16);
    transposeBytes(square);
    for (int c = 0; c < 16; c++) {
      const Lanes8 bits = reinterpret_cast<Lanes8>(transpose8(reinterpret_cast<Pair>(square[c])));
      const Lanes16 columns =
          reinterpret_cast<Lanes16>(shuffled<0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15>(bits, bits));
      for (int i = 0; i < 8; i++) {
        const uint16_t column = columns[i];
        memcpy(blocks + (8 * c + i) * 16 + 2 * part, &column, sizeof column);
      }
    }
  }
}

void transposeGroups(const uint8_t* rows, size_t stride, size_t groups, uint8_t* blocks) {
  size_t group = 0;
  for (; group + 16 <= groups; group += 16) transposeColumns128(rows + group, stride, blocks + group * 128);
  for (; group < groups; group++) transposeColumns8(rows + group, stride, blocks + group * 128);
}

}  // namespace

const OtPath portableOtPath = {{SubspaceVole<AesRows<BitslicedEngine>>::run, SubspaceVole<ChaChaRows<4>>::run}, transposeGroups, 8};

}  // namespace cipherprune
