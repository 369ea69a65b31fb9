#include <immintrin.h>

#include <cstring>

#include "field-dots.h"

namespace cipherprune {

namespace {

/** Four products side by side, added up in parts without a reduction. */
struct Sums {
  __m512i low, middle, crossed, high;
};

inline void add(Sums& sums, __m512i a, __m512i b) {
  sums.low = _mm512_xor_si512(sums.low, _mm512_clmulepi64_epi128(a, b, 0x00));
  sums.middle = _mm512_xor_si512(sums.middle, _mm512_clmulepi64_epi128(a, b, 0x01));
  sums.crossed = _mm512_xor_si512(sums.crossed, _mm512_clmulepi64_epi128(a, b, 0x10));
  sums.high = _mm512_xor_si512(sums.high, _mm512_clmulepi64_epi128(a, b, 0x11));
}

inline void addLanes(__m512i v, uint64_t* words) {
  uint64_t lanes[8];
  _mm512_storeu_si512(lanes, v);
  for (int i = 0; i < 8; i++) words[i % 2] ^= lanes[i];
}

inline void reduced(const Sums& sums, uint8_t* sum) {
  uint64_t low[2] = {}, middle[2] = {}, high[2] = {}, element[2];
  addLanes(sums.low, low);
  addLanes(_mm512_xor_si512(sums.middle, sums.crossed), middle);
  addLanes(sums.high, high);
  const uint64_t product[4] = {low[0], low[1] ^ middle[0], high[0] ^ middle[1], high[1]};
  reduceField(product, element);
  std::memcpy(sum, element, sizeof element);
}

/** Two rows at once: twice as many additions that do not wait for each other. */
void dotPair(const uint8_t* first, const uint8_t* second, const uint8_t* challenges, size_t count, uint8_t* sums) {
  Sums a = {}, b = {};
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m512i challenge = _mm512_loadu_si512(challenges + 16 * i);
    add(a, _mm512_loadu_si512(first + 16 * i), challenge);
    add(b, _mm512_loadu_si512(second + 16 * i), challenge);
  }
  if (i < count) {
    const __mmask8 rest = static_cast<__mmask8>((1u << 2 * (count - i)) - 1);
    const __m512i challenge = _mm512_maskz_loadu_epi64(rest, challenges + 16 * i);
    add(a, _mm512_maskz_loadu_epi64(rest, first + 16 * i), challenge);
    add(b, _mm512_maskz_loadu_epi64(rest, second + 16 * i), challenge);
  }
  reduced(a, sums);
  reduced(b, sums + 16);
}

}  // namespace

void fieldDotsAvx512(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums) {
  for (size_t row = 0; row + 1 < rows.rows; row += 2) {
    const uint8_t* elements = rows.elements + row * rows.stride;
    dotPair(elements, elements + rows.stride, challenges, count, sums + 16 * row);
  }
  if (rows.rows % 2 == 0) return;
  uint8_t last[32];
  const uint8_t* elements = rows.elements + (rows.rows - 1) * rows.stride;
  dotPair(elements, elements, challenges, count, last);
  std::memcpy(sums + 16 * (rows.rows - 1), last, 16);
}

}  // namespace cipherprune
