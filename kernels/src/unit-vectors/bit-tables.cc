#include "bit-tables.h"

#include <cstring>
#include <vector>

#include "bit-window.h"

namespace cipherprune {

namespace {

/** Bit `bit` of all entries, twice, and a word more, which windows may read. */
void planeOf(const uint64_t* table, size_t places, unsigned bit, std::vector<uint64_t>& plane) {
  const size_t words = places / windowBits;
  for (size_t word = 0; word < words; word++) {
    uint64_t bits = 0;
    for (size_t j = 0; j < windowBits; j++) bits |= (table[word * windowBits + j] >> bit & 1) << j;
    plane[word] = plane[words + word] = bits;
  }
  plane[2 * words] = 0;
}

}  // namespace

void bitTableEntries(const uint64_t* shifts, size_t count, const BitTablePlan& plan, const uint64_t* table, const uint8_t* vectors,
                     uint8_t* out) {
  const size_t places = size_t{1} << plan.indexBits;
  std::vector<uint64_t> plane(2 * places / windowBits + 1);
  for (unsigned bit = 0; bit < plan.entryBits; bit++) {
    planeOf(table, places, bit, plane);
    const uint8_t* vector = vectors;
    for (size_t i = 0; i < count; i++, vector += places / 8) {
      const size_t shift = shifts[i] & (places - 1);
      uint64_t sum = 0;
      for (size_t j = 0; j < places; j += windowBits) {
        uint64_t bits;
        std::memcpy(&bits, vector + j / 8, sizeof bits);
        sum ^= bits & window(plane.data(), shift + j);
      }
      *out++ = parity(sum);
    }
  }
}

}  // namespace cipherprune
