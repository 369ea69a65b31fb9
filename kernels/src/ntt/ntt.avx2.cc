#include <immintrin.h>

#include "ntt.h"

namespace cipherprune {

namespace {

struct V {
  static constexpr size_t lanes = 8;
  __m256i v;
  static V load(const uint32_t* at) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))}; }
  static V set(uint32_t x) { return {_mm256_set1_epi32(static_cast<int>(x))}; }
  void store(uint32_t* at) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), v); }
  static V add(V x, V y) { return {_mm256_add_epi32(x.v, y.v)}; }
  static V sub(V x, V y) { return {_mm256_sub_epi32(x.v, y.v)}; }
  static V min(V x, V y) { return {_mm256_min_epu32(x.v, y.v)}; }
  static V mullo(V x, V y) { return {_mm256_mullo_epi32(x.v, y.v)}; }
  static V mulhi(V x, V y) {
    const __m256i even = _mm256_mul_epu32(x.v, y.v);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(x.v, 32), _mm256_srli_epi64(y.v, 32));
    return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)};
  }
  static V gather(const uint32_t* x, const uint32_t* index) {
    return {_mm256_i32gather_epi32(reinterpret_cast<const int*>(x), load(index).v, 4)};
  }
  static V select(V mask, V x, V y) { return {_mm256_blendv_epi8(y.v, x.v, mask.v)}; }
  static V signs(V x) { return {_mm256_srai_epi32(x.v, 31)}; }
  static void transpose(uint32_t* block);
};

struct W {
  __m256i even = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
  void addProduct(V x, V y) {
    even = _mm256_add_epi64(even, _mm256_mul_epu32(x.v, y.v));
    odd = _mm256_add_epi64(odd, _mm256_mul_epu32(_mm256_srli_epi64(x.v, 32), _mm256_srli_epi64(y.v, 32)));
  }
  void addBroadcast(uint32_t x, V y) {
    const __m256i factor = _mm256_set1_epi32(static_cast<int>(x));
    even = _mm256_add_epi64(even, _mm256_mul_epu32(factor, y.v));
    odd = _mm256_add_epi64(odd, _mm256_mul_epu32(factor, _mm256_srli_epi64(y.v, 32)));
  }
  V low() const { return {_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa)}; }
  V high() const { return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)}; }
};

/** 8 x 8 words, rows 16 words apart. */
inline void load8(const uint32_t* from, __m256i* r) {
  for (int i = 0; i < 8; i++) r[i] = V::load(from + 16 * i).v;
}

inline void transpose8(__m256i* r) {
  __m256i t[8], u[8];
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
    r[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
  }
}

inline void store8(uint32_t* to, const __m256i* r) {
  for (int i = 0; i < 8; i++) V{r[i]}.store(to + 16 * i);
}

void V::transpose(uint32_t* block) {
  __m256i x[8], y[8];
  for (size_t corner : {size_t{0}, size_t{136}}) {
    load8(block + corner, x);
    transpose8(x);
    store8(block + corner, x);
  }
  load8(block + 8, x);
  load8(block + 128, y);
  transpose8(x);
  transpose8(y);
  store8(block + 128, x);
  store8(block + 8, y);
}

#include "poly-loops.inl"
#include "poly-table.inl"

}  // namespace

const PolyLoops polyLoopsAvx2 = table;

}  // namespace cipherprune
