// Matrix product of bfloat16 pairs with single-precision sums: vdpbf16ps does two steps along the depth at once, twice
// what a fused multiply-add does. Numbers are rounded to nearest, ties to even, while panels are packed.
#include <immintrin.h>

#include "gemm.h"

namespace cipherprune::float32 {

namespace {

constexpr int kRows = 14, kColumns = 32, kLanes = 16;

/** 28 accumulators of 16 floats; two loads of b and one broadcast of a fill the other registers. */
void run(int64_t words, const void* panelA, const void* panelB, const float* base, int64_t baseStride, float* c,
         int64_t stride) {
  const int32_t* a = static_cast<const int32_t*>(panelA);
  const int32_t* b = static_cast<const int32_t*>(panelB);
  __m512 low[kRows], high[kRows];
#pragma GCC unroll 14
  for (int i = 0; i < kRows; i++) low[i] = high[i] = _mm512_setzero_ps();
  for (int64_t p = 0; p < words; p++) {
    const __m512bh b0 = (__m512bh)_mm512_loadu_si512(b), b1 = (__m512bh)_mm512_loadu_si512(b + 16);
#pragma GCC unroll 14
    for (int i = 0; i < kRows; i++) {
      const __m512bh broadcast = (__m512bh)_mm512_set1_epi32(a[i]);
      low[i] = _mm512_dpbf16_ps(low[i], broadcast, b0);
      high[i] = _mm512_dpbf16_ps(high[i], broadcast, b1);
    }
    a += kRows;
    b += kColumns;
  }
#pragma GCC unroll 14
  for (int i = 0; i < kRows; i++) {
    if (base != nullptr) {
      low[i] = _mm512_add_ps(low[i], _mm512_loadu_ps(base + i * baseStride));
      high[i] = _mm512_add_ps(high[i], _mm512_loadu_ps(base + i * baseStride + 16));
    }
    _mm512_storeu_ps(c + i * stride, low[i]);
    _mm512_storeu_ps(c + i * stride + 16, high[i]);
  }
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/** The first `count` of sixteen lanes; none for a negative count. */
inline __mmask16 firstLanes(int64_t count) {
  return static_cast<__mmask16>((1u << smaller(kLanes, larger(0, count))) - 1);
}

/** 16 × 16 words, rows to columns, in place. */
inline void transpose(__m512i* rows) {
  __m512i pairs[16], quads[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m512i even0 = _mm512_shuffle_i32x4(quads[i], quads[4 + i], 0x88);
    const __m512i odd0 = _mm512_shuffle_i32x4(quads[i], quads[4 + i], 0xdd);
    const __m512i even1 = _mm512_shuffle_i32x4(quads[8 + i], quads[12 + i], 0x88);
    const __m512i odd1 = _mm512_shuffle_i32x4(quads[8 + i], quads[12 + i], 0xdd);
    rows[i] = _mm512_shuffle_i32x4(even0, even1, 0x88);
    rows[4 + i] = _mm512_shuffle_i32x4(odd0, odd1, 0x88);
    rows[8 + i] = _mm512_shuffle_i32x4(even0, even1, 0xdd);
    rows[12 + i] = _mm512_shuffle_i32x4(odd0, odd1, 0xdd);
  }
}

/** Up to 16 lines that are contiguous along the depth → words [depth / 2][width] at out (their first 16 columns). */
void packAlongDepth(const float* data, int64_t stride, int64_t lines, int64_t depth, int width, int32_t* out,
                    __mmask16 stored) {
  for (int64_t p = 0; p < depth; p += 2 * kLanes) {
    const __mmask16 low = firstLanes(depth - p), high = firstLanes(depth - p - kLanes);
    __m512i rows[16];
    for (int i = 0; i < kLanes; i++) {
      const float* source = data + i * stride + p;
      const bool there = i < lines;
      const __m512 first = there ? _mm512_maskz_loadu_ps(low, source) : _mm512_setzero_ps();
      const __m512 second = there && high ? _mm512_maskz_loadu_ps(high, source + kLanes) : _mm512_setzero_ps();
      rows[i] = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    }
    transpose(rows);
    const int64_t words = smaller(kLanes, (depth - p + 1) / 2);
    for (int64_t word = 0; word < words; word++)
      _mm512_mask_storeu_epi32(out + (p / 2 + word) * width, stored, rows[word]);
  }
}

/** Up to 16 lines next to each other at every step of the depth. */
void packAcrossDepth(const float* data, int64_t stride, int64_t lines, int64_t depth, int width, int32_t* out,
                     __mmask16 stored) {
  const __mmask16 there = firstLanes(lines);
  for (int64_t p = 0; p < depth; p += 2, out += width) {
    const __m512 first = _mm512_maskz_loadu_ps(there, data + p * stride);
    const __m512 second = p + 1 < depth ? _mm512_maskz_loadu_ps(there, data + (p + 1) * stride) : _mm512_setzero_ps();
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(first));
    const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(second));
    _mm512_mask_storeu_epi32(out, stored, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

void pack(const View& view, int64_t lines, int64_t depth, int width, void* panels) {
  int32_t* out = static_cast<int32_t*>(panels);
  const int64_t words = (depth + 1) / 2;
  for (int64_t first = 0; first < lines; first += width, out += words * width)
    for (int column = 0; column < width; column += kLanes) {
      const int64_t there = larger(0, smaller(kLanes, lines - first - column));
      const __mmask16 stored = firstLanes(width - column);
      if (view.lineStride == 1)
        packAcrossDepth(view.data + first + column, view.depthStride, there, depth, width, out + column, stored);
      else
        packAlongDepth(view.data + (first + column) * view.lineStride, view.lineStride, there, depth, width,
                       out + column, stored);
    }
}

}  // namespace

MicroShape bfloat16MicroKernel() { return {kRows, kColumns, 2, pack, run}; }

}  // namespace cipherprune::float32
