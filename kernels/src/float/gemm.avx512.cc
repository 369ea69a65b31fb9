#include <immintrin.h>

#include "gemm.h"

namespace cipherprune::float32 {

namespace {

constexpr int kRows = 14, kColumns = 32;

/** 28 accumulators of 16 floats; two loads of b and one broadcast of a fill the other registers. */
void run(int64_t words, const void* panelA, const void* panelB, const float* base, int64_t baseStride, float* c,
         int64_t stride) {
  const float* a = static_cast<const float*>(panelA);
  const float* b = static_cast<const float*>(panelB);
  __m512 low[kRows], high[kRows];
#pragma GCC unroll 14
  for (int i = 0; i < kRows; i++) low[i] = high[i] = _mm512_setzero_ps();
  for (int64_t p = 0; p < words; p++) {
    const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 14
    for (int i = 0; i < kRows; i++) {
      const __m512 broadcast = _mm512_set1_ps(a[i]);
      low[i] = _mm512_fmadd_ps(broadcast, b0, low[i]);
      high[i] = _mm512_fmadd_ps(broadcast, b1, high[i]);
    }
    a += kRows;
    b += kColumns;
  }
#pragma GCC unroll 14
  for (int i = 0; i < kRows; i++) {
    float* row = c + i * stride;
    if (base != nullptr) {
      low[i] = _mm512_add_ps(low[i], _mm512_loadu_ps(base + i * baseStride));
      high[i] = _mm512_add_ps(high[i], _mm512_loadu_ps(base + i * baseStride + 16));
    }
    _mm512_storeu_ps(row, low[i]);
    _mm512_storeu_ps(row + 16, high[i]);
  }
}

}  // namespace

MicroShape avx512MicroKernel() { return {kRows, kColumns, 1, packFloats, run}; }

}  // namespace cipherprune::float32
