#include "column-hash.h"

#include <cstring>

#include "src/base/cpu.h"

namespace cipherprune {

namespace {

/** With column bits side by side: row j of a group adds challenge · x^j, which is public, to every column that has it set. */
void columnHashPortable(const uint8_t* blocks, const uint8_t* choices, size_t groups, const uint8_t* challenges,
                        uint8_t* hashes, uint8_t* choiceHash) {
  uint64_t sums[kHashGroup][2] = {};
  uint64_t chosen[2] = {}, power[2] = {};
  for (size_t row = 0; row < groups * kHashGroup; row++) {
    if (row % kHashGroup == 0) std::memcpy(power, challenges + row / kHashGroup * 16, sizeof power);
    uint64_t block[2];
    std::memcpy(block, blocks + row * 16, sizeof block);
    for (size_t word = 0; word < 2; word++)
      for (uint64_t left = power[word]; left != 0; left &= left - 1) {
        uint64_t* sum = sums[64 * word + static_cast<size_t>(__builtin_ctzll(left))];
        sum[0] ^= block[0];
        sum[1] ^= block[1];
      }
    const uint64_t choice = choices ? -static_cast<uint64_t>(choices[row]) : 0;
    chosen[0] ^= power[0] & choice;
    chosen[1] ^= power[1] & choice;
    const uint64_t carry = power[1] >> 63;
    power[1] = power[1] << 1 | power[0] >> 63;
    power[0] = power[0] << 1 ^ carry * 0x87;
  }
  std::memcpy(hashes, sums, sizeof sums);
  std::memcpy(choiceHash, chosen, sizeof chosen);
}

}  // namespace

void columnHash(const uint8_t* blocks, const uint8_t* choices, size_t groups, const uint8_t* challenges, uint8_t* hashes,
                uint8_t* choiceHash) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() >= Isa::avx2) {
    columnHashClmul(blocks, choices, groups, challenges, hashes, choiceHash);
    return;
  }
#endif
  columnHashPortable(blocks, choices, groups, challenges, hashes, choiceHash);
}

}  // namespace cipherprune
