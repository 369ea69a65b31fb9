#include <immintrin.h>

#include "gemm.h"

namespace cipherprune::float32 {

namespace {

constexpr int kRows = 6, kColumns = 16;

void run(int64_t words, const void* panelA, const void* panelB, const float* base, int64_t baseStride, float* c,
         int64_t stride) {
  const float* a = static_cast<const float*>(panelA);
  const float* b = static_cast<const float*>(panelB);
  __m256 low[kRows], high[kRows];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; i++) low[i] = high[i] = _mm256_setzero_ps();
  for (int64_t p = 0; p < words; p++) {
    const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
    for (int i = 0; i < kRows; i++) {
      const __m256 broadcast = _mm256_broadcast_ss(a + i);
      low[i] = _mm256_fmadd_ps(broadcast, b0, low[i]);
      high[i] = _mm256_fmadd_ps(broadcast, b1, high[i]);
    }
    a += kRows;
    b += kColumns;
  }
#pragma GCC unroll 6
  for (int i = 0; i < kRows; i++) {
    float* row = c + i * stride;
    if (base != nullptr) {
      low[i] = _mm256_add_ps(low[i], _mm256_loadu_ps(base + i * baseStride));
      high[i] = _mm256_add_ps(high[i], _mm256_loadu_ps(base + i * baseStride + 8));
    }
    _mm256_storeu_ps(row, low[i]);
    _mm256_storeu_ps(row + 8, high[i]);
  }
}

}  // namespace

MicroShape avx2MicroKernel() { return {kRows, kColumns, 1, packFloats, run}; }

}  // namespace cipherprune::float32
