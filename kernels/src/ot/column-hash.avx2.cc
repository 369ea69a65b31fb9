#include <immintrin.h>

#include <cstring>

#include "column-hash.h"
#include "paths.h"

namespace cipherprune {

namespace {

/** Three partial products, added up without a reduction: low, middle, high. */
struct Sum {
  __m128i low, middle, high;
};

inline __m128i load(const uint8_t* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }

/** One group of the transposition has as many columns as one of the hash has rows. */
static_assert(kHashGroup == 128);

inline void addProduct(Sum* sum, __m128i column, __m128i challenge) {
  sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(column, challenge, 0x00));
  sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(column, challenge, 0x11));
  const __m128i crossed = _mm_xor_si128(_mm_clmulepi64_si128(column, challenge, 0x01), _mm_clmulepi64_si128(column, challenge, 0x10));
  sum->middle = _mm_xor_si128(sum->middle, crossed);
}

inline void reduced(const Sum& sum, uint8_t* out) {
  uint64_t low[2], middle[2], high[2];
  std::memcpy(low, &sum.low, 16);
  std::memcpy(middle, &sum.middle, 16);
  std::memcpy(high, &sum.high, 16);
  const uint64_t product[4] = {low[0], low[1] ^ middle[0], high[0] ^ middle[1], high[1]};
  uint64_t element[2];
  reduceField(product, element);
  std::memcpy(out, element, sizeof element);
}

/** 128 bytes of 0 and 1 as bits. */
inline __m128i packed(const uint8_t* choices) {
  uint32_t words[4];
  for (int i = 0; i < 4; i++) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(choices + 32 * i));
    words[i] = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_slli_epi16(bytes, 7)));
  }
  return load(reinterpret_cast<const uint8_t*>(words));
}

}  // namespace

void columnHashClmul(const uint8_t* blocks, const uint8_t* choices, size_t groups, const uint8_t* challenges,
                     uint8_t* hashes, uint8_t* choiceHash) {
  Sum sums[kHashGroup] = {};
  Sum chosen = {};
  for (size_t group = 0; group < groups; group++) {
    const __m128i challenge = load(challenges + 16 * group);
    uint8_t columns[kHashGroup * 16];
    avx2OtPath.transpose(blocks + group * sizeof columns, 16, 1, columns);
    for (size_t column = 0; column < kHashGroup; column++) addProduct(&sums[column], load(columns + 16 * column), challenge);
    if (choices) addProduct(&chosen, packed(choices + group * kHashGroup), challenge);
  }
  uint8_t elements[kHashGroup * 16];
  for (size_t column = 0; column < kHashGroup; column++) reduced(sums[column], elements + 16 * column);
  avx2OtPath.transpose(elements, 16, 1, hashes);
  reduced(chosen, choiceHash);
}

}  // namespace cipherprune
