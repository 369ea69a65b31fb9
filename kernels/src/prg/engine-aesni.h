// Eight blocks at a time with AES-NI. For *.avx2.cc files only.
#pragma once

#include <immintrin.h>

#include "prg.h"

namespace cipherprune {
namespace {

struct AesNiEngine {
  using Vector = __m128i;
  static constexpr int kLanes = 1;
  static constexpr int kBatch = 8;
  struct Keys {
    __m128i round[11];
  };

  static inline Keys keys(const uint8_t* roundKeys) {
    Keys keys;
    for (int r = 0; r < 11; r++) keys.round[r] = load(roundKeys + r * kBlockBytes);
    return keys;
  }
  static inline Vector load(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static inline void store(uint8_t* p, Vector v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }
  static inline Vector exclusiveOr(Vector a, Vector b) { return _mm_xor_si128(a, b); }
  static inline Vector zero() { return _mm_setzero_si128(); }
  static inline Vector broadcast(const uint8_t* p) { return load(p); }
  static inline Vector swapHalves(Vector v) { return _mm_shuffle_epi32(v, 0x4e); }
  static inline Vector tweak(uint64_t low, uint64_t high) {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  }
  /** The first eight bytes are l, the last eight r: (l xor r) || l. */
  static inline Vector sigma(Vector v) {
    return _mm_xor_si128(swapHalves(v), _mm_unpacklo_epi64(v, _mm_setzero_si128()));
  }
  static inline void storeInterleaved(uint8_t* p, Vector left, Vector right) {
    store(p, left);
    store(p + kBlockBytes, right);
  }
  static inline void encrypt(Vector* state, const Keys& keys) {
    for (int v = 0; v < kBatch; v++) state[v] = _mm_xor_si128(state[v], keys.round[0]);
    for (int r = 1; r < 10; r++)
      for (int v = 0; v < kBatch; v++) state[v] = _mm_aesenc_si128(state[v], keys.round[r]);
    for (int v = 0; v < kBatch; v++) state[v] = _mm_aesenclast_si128(state[v], keys.round[10]);
  }
};

}  // namespace
}  // namespace cipherprune
