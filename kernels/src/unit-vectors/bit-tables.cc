#include "bit-tables.h"

#include <cstring>
#include <vector>

#include "bit-window.h"

namespace cipherprune {

namespace {

/** Bit j of word i becomes bit i of word j (Warren, Hacker's Delight, section 7-3). */
void transposeBits(uint64_t* words) {
  uint64_t mask = 0xffffffff;
  for (size_t width = windowBits / 2; width > 0; width /= 2, mask ^= mask << width)
    for (size_t i = 0; i < windowBits; i = (i + width + 1) & ~width) {
      const uint64_t swapped = (words[i] >> width ^ words[i + width]) & mask;
      words[i] ^= swapped << width;
      words[i + width] ^= swapped;
    }
}

/** Words of a plane: bits of all entries, twice, and a word more, which windows may read. */
size_t planeWords(size_t places) { return 2 * places / windowBits + 1; }

/** A plane for each bit of the entries. */
std::vector<uint64_t> planesOf(const uint64_t* table, size_t places, unsigned entryBits) {
  const size_t words = places / windowBits;
  std::vector<uint64_t> planes(entryBits * planeWords(places));
  for (size_t word = 0; word < words; word++) {
    uint64_t block[windowBits];
    std::memcpy(block, table + word * windowBits, sizeof block);
    transposeBits(block);
    for (unsigned bit = 0; bit < entryBits; bit++) {
      uint64_t* plane = planes.data() + bit * planeWords(places);
      plane[word] = plane[words + word] = block[bit];
    }
  }
  return planes;
}

/** The XOR of all words of the vector, each with the bits of the plane from bit `begin` of its words on. */
uint64_t commonBits(const uint8_t* vector, const uint64_t* plane, unsigned begin, size_t words) {
  uint64_t sum = 0;
  for (size_t j = 0; j < words; j++) {
    uint64_t bits;
    std::memcpy(&bits, vector + j * sizeof bits, sizeof bits);
    // Two shifts, as one by a whole word is none.
    sum ^= bits & (plane[j] >> begin | plane[j + 1] << 1 << (windowBits - 1 - begin));
  }
  return sum;
}

}  // namespace

void bitTableEntries(const uint64_t* shifts, size_t count, const BitTablePlan& plan, const uint64_t* table, const uint8_t* vectors,
                     uint8_t* out) {
  const size_t places = size_t{1} << plan.indexBits;
  const std::vector<uint64_t> planes = planesOf(table, places, plan.entryBits);
  for (unsigned bit = 0; bit < plan.entryBits; bit++) {
    const uint64_t* plane = planes.data() + bit * planeWords(places);
    const uint8_t* vector = vectors;
    for (size_t i = 0; i < count; i++, vector += places / 8) {
      const size_t shift = shifts[i] & (places - 1);
      *out++ = parity(commonBits(vector, plane + shift / windowBits, shift % windowBits, places / windowBits));
    }
  }
}

}  // namespace cipherprune
