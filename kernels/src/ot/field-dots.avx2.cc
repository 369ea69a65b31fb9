#include <immintrin.h>

#include <cstring>

#include "field-dots.h"

namespace cipherprune {

namespace {

inline __m128i load(const uint8_t* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }

/** Products are added up in three parts, low, middle and high, without a reduction. */
void dot(const uint8_t* elements, const uint8_t* challenges, size_t count, uint8_t* sum) {
  __m128i low = _mm_setzero_si128(), middle = low, crossed = low, high = low;
  for (size_t i = 0; i < count; i++) {
    const __m128i a = load(elements + 16 * i), b = load(challenges + 16 * i);
    low = _mm_xor_si128(low, _mm_clmulepi64_si128(a, b, 0x00));
    middle = _mm_xor_si128(middle, _mm_clmulepi64_si128(a, b, 0x01));
    crossed = _mm_xor_si128(crossed, _mm_clmulepi64_si128(a, b, 0x10));
    high = _mm_xor_si128(high, _mm_clmulepi64_si128(a, b, 0x11));
  }
  uint64_t l[2], m[2], h[2], element[2];
  middle = _mm_xor_si128(middle, crossed);
  std::memcpy(l, &low, 16);
  std::memcpy(m, &middle, 16);
  std::memcpy(h, &high, 16);
  const uint64_t product[4] = {l[0], l[1] ^ m[0], h[0] ^ m[1], h[1]};
  reduceField(product, element);
  std::memcpy(sum, element, sizeof element);
}

}  // namespace

void fieldDotsAvx2(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums) {
  for (size_t row = 0; row < rows.rows; row++) dot(rows.elements + row * rows.stride, challenges, count, sums + 16 * row);
}

}  // namespace cipherprune
