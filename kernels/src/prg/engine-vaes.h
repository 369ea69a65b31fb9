// Thirty-two blocks at a time with VAES on 512-bit registers. For *.avx512.cc files only.
#pragma once

#include <immintrin.h>

#include "prg.h"

namespace cipherprune {
namespace {

struct VaesEngine {
  using Vector = __m512i;
  static constexpr int kLanes = 4;
  static constexpr int kBatch = 8;
  struct Keys {
    __m512i round[11];
  };

  static inline Keys keys(const uint8_t* roundKeys) {
    Keys keys;
    for (int r = 0; r < 11; r++) keys.round[r] = broadcast(roundKeys + r * kBlockBytes);
    return keys;
  }
  static inline Vector load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static inline void store(uint8_t* p, Vector v) { _mm512_storeu_si512(p, v); }
  static inline Vector exclusiveOr(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
  static inline Vector zero() { return _mm512_setzero_si512(); }
  static inline Vector broadcast(const uint8_t* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static inline Vector swapHalves(Vector v) { return _mm512_shuffle_epi32(v, _MM_PERM_BADC); }
  static inline Vector tweak(uint64_t low, uint64_t high) {
    const long long l = static_cast<long long>(low), h = static_cast<long long>(high);
    return _mm512_add_epi64(_mm512_mask_set1_epi64(_mm512_set1_epi64(h), 0x55, l), _mm512_set_epi64(0, 3, 0, 2, 0, 1, 0, 0));
  }
  /** The first eight bytes are l, the last eight r: (l xor r) || l. */
  static inline Vector sigma(Vector v) {
    return _mm512_xor_si512(swapHalves(v), _mm512_maskz_mov_epi64(0x55, v));
  }
  static inline void storeInterleaved(uint8_t* p, Vector left, Vector right) {
    const __m512i low = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    store(p, _mm512_permutex2var_epi64(left, low, right));
    store(p + 64, _mm512_permutex2var_epi64(left, high, right));
  }
  static inline void encrypt(Vector* state, const Keys& keys) {
    for (int v = 0; v < kBatch; v++) state[v] = _mm512_xor_si512(state[v], keys.round[0]);
    for (int r = 1; r < 10; r++)
      for (int v = 0; v < kBatch; v++) state[v] = _mm512_aesenc_epi128(state[v], keys.round[r]);
    for (int v = 0; v < kBatch; v++) state[v] = _mm512_aesenclast_epi128(state[v], keys.round[10]);
  }
};

}  // namespace
}  // namespace cipherprune
