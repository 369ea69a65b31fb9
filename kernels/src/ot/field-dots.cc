#include "field-dots.h"

#include <cstring>
#include <vector>

#include "src/base/cpu.h"

namespace cipherprune {

namespace {

/** Elements whose sixteen sums serve all 128 bits of their challenges (the method of the four Russians). */
constexpr size_t kTogether = 4;
constexpr size_t kBits = 128;

typedef uint64_t Element __attribute__((vector_size(16)));

/** [sets][128]: which elements of a set of four have the bit in their challenges. Challenges are public. */
std::vector<uint8_t> patternsOf(const uint8_t* challenges, size_t count) {
  std::vector<uint8_t> patterns((count + kTogether - 1) / kTogether * kBits);
  for (size_t i = 0; i < count; i++)
    for (size_t bit = 0; bit < kBits; bit++) {
      const uint8_t isSet = (challenges[16 * i + bit / 8] >> (bit % 8)) & 1;
      patterns[i / kTogether * kBits + bit] |= static_cast<uint8_t>(isSet << (i % kTogether));
    }
  return patterns;
}

/** All sums of up to four elements. */
void sumsOf(const uint8_t* elements, size_t count, Element* sums) {
  sums[0] = Element{};
  for (size_t i = 0; i < kTogether; i++) {
    Element element{};
    if (i < count) std::memcpy(&element, elements + 16 * i, 16);
    for (size_t j = 0; j < size_t{1} << i; j++) sums[(size_t{1} << i) + j] = sums[j] ^ element;
  }
}

/** The sum of parts[bit] · x^bit. */
void evaluate(const Element* parts, uint8_t* out) {
  uint64_t sum[2] = {};
  for (size_t bit = kBits; bit-- > 0;) {
    const uint64_t carry = sum[1] >> 63;
    sum[1] = (sum[1] << 1 | sum[0] >> 63) ^ parts[bit][1];
    sum[0] = sum[0] << 1 ^ carry * 0x87 ^ parts[bit][0];
  }
  std::memcpy(out, sum, sizeof sum);
}

}  // namespace

void fieldDotsPortable(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums) {
  const std::vector<uint8_t> patterns = patternsOf(challenges, count);
  for (size_t row = 0; row < rows.rows; row++) {
    const uint8_t* elements = rows.elements + row * rows.stride;
    Element parts[kBits] = {};
    for (size_t i = 0; i < count; i += kTogether) {
      Element together[1 << kTogether];
      sumsOf(elements + 16 * i, count - i, together);
      const uint8_t* pattern = patterns.data() + i / kTogether * kBits;
      for (size_t bit = 0; bit < kBits; bit++) parts[bit] ^= together[pattern[bit]];
    }
    evaluate(parts, sums + 16 * row);
  }
}

void fieldDots(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return fieldDotsAvx512(rows, challenges, count, sums);
  if (activeIsa() == Isa::avx2) return fieldDotsAvx2(rows, challenges, count, sums);
#endif
  fieldDotsPortable(rows, challenges, count, sums);
}

}  // namespace cipherprune
