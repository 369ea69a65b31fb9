// AVX2 paths of ring.h. No STL here: an inline function of a header compiled for AVX2 could be linked in everywhere.
#include <immintrin.h>

#include "ring-isa.h"

namespace cipherprune {

namespace {
#include "ring-loops.inl"

// Four 64-bit products modulo 2^64 from 32-bit halves.
inline __m256i multiplyLow(__m256i a, __m256i b) {
  const __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), b),
                                         _mm256_mul_epu32(a, _mm256_srli_epi64(b, 32)));
  return _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64(cross, 32));
}

inline void store(__m256i value, __m256i masks, bool accumulate, size_t columns, uint64_t* out) {
  uint64_t lanes[4];
  if (columns >= 4) {
    __m256i* target = reinterpret_cast<__m256i*>(out);
    if (accumulate) value = _mm256_add_epi64(value, _mm256_loadu_si256(target));
    _mm256_storeu_si256(target, _mm256_and_si256(value, masks));
    return;
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm256_and_si256(value, masks));
  const uint64_t mask = static_cast<uint64_t>(_mm256_extract_epi64(masks, 0));
  for (size_t c = 0; c < columns; c++) out[c] = accumulate ? (out[c] + lanes[c]) & mask : lanes[c];
}

// One row block by twelve columns. x = low + 2^32 high with a signed low half: two 32 x 32 products for any x.
template <size_t rows>
inline void narrowBlock(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t depth, size_t columns,
                        __m256i masks, bool accumulate, uint64_t* out, size_t outStride) {
  const __m256i half = _mm256_set1_epi64x(0x80000000);
  __m256i low[rows][3], high[rows][3];
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < 3; v++) low[r][v] = high[r][v] = _mm256_setzero_si256();
  for (size_t i = 0; i < depth; i++, panel += ringPanelColumns) {
    __m256i b[3];
    for (size_t v = 0; v < 3; v++) b[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + 4 * v));
    for (size_t r = 0; r < rows; r++) {
      const __m256i a = _mm256_set1_epi64x(static_cast<long long>(x[r * xStride + i]));
      const __m256i upper = _mm256_srli_epi64(_mm256_add_epi64(a, half), 32);
      for (size_t v = 0; v < 3; v++) {
        low[r][v] = _mm256_add_epi64(low[r][v], _mm256_mul_epi32(a, b[v]));
        high[r][v] = _mm256_add_epi64(high[r][v], _mm256_mul_epi32(upper, b[v]));
      }
    }
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < 3 && 4 * v < columns; v++) {
      const __m256i value = _mm256_add_epi64(low[r][v], _mm256_slli_epi64(high[r][v], 32));
      store(value, masks, accumulate, columns - 4 * v, out + r * outStride + 4 * v);
    }
  }
}

}  // namespace

extern const RingLoops ringLoopsAvx2 = table;

void ringTileAvx2(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  const __m256i masks = _mm256_set1_epi64x(static_cast<long long>(mask));
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c += 8) {
      __m256i low = _mm256_setzero_si256(), high = low;
      for (size_t i = 0; i < depth; i++) {
        const __m256i a = _mm256_set1_epi64x(static_cast<long long>(x[r * xStride + i]));
        const __m256i* b = reinterpret_cast<const __m256i*>(panel + i * ringPanelColumns + c);
        low = _mm256_add_epi64(low, multiplyLow(a, _mm256_loadu_si256(b)));
        high = _mm256_add_epi64(high, multiplyLow(a, _mm256_loadu_si256(b + 1)));
      }
      store(low, masks, accumulate, columns - c, out + r * outStride + c);
      if (columns - c > 4) store(high, masks, accumulate, columns - c - 4, out + r * outStride + c + 4);
    }
  }
}

void ringTileNarrowAvx2(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth,
                        size_t columns, uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  const __m256i masks = _mm256_set1_epi64x(static_cast<long long>(mask));
  for (size_t c = 0; c < columns; c += 12) {
    const size_t left = columns - c < 12 ? columns - c : 12;
    size_t r = 0;
    for (; r + 2 <= rows; r += 2)
      narrowBlock<2>(x + r * xStride, xStride, panel + c, depth, left, masks, accumulate, out + r * outStride + c,
                     outStride);
    if (r < rows)
      narrowBlock<1>(x + r * xStride, xStride, panel + c, depth, left, masks, accumulate, out + r * outStride + c,
                     outStride);
  }
}

}  // namespace cipherprune
