#include <immintrin.h>

#include "running-hash.h"

namespace cipherprune {

namespace {

inline __m512i load(const uint8_t* bytes) { return _mm512_loadu_si512(bytes); }

inline __m512i product(__m512i words, __m512i key) {
  const __m512i keyed = _mm512_add_epi32(words, key);
  return _mm512_mul_epu32(keyed, _mm512_srli_epi64(keyed, 32));
}

inline uint64_t total(__m512i lanes) { return static_cast<uint64_t>(_mm512_reduce_add_epi64(lanes)); }

}  // namespace

// Keys of later passes are made of two vectors at hand: loads at odd places would cross cache lines.
void nhBlockAvx512(const uint8_t* key, const uint8_t* block, uint64_t* sums) {
  __m512i sum[kNhPasses] = {};
  __m512i own = load(key);
  for (size_t at = 0; at < kNhBlockBytes; at += sizeof own) {
    const __m512i words = load(block + at);
    const size_t beyond = at + sizeof own;
    const __m512i next = beyond < kNhBlockBytes ? load(key + beyond) : _mm512_maskz_loadu_epi64(0x07, key + beyond);
    sum[0] = _mm512_add_epi64(sum[0], product(words, own));
    sum[1] = _mm512_add_epi64(sum[1], product(words, _mm512_alignr_epi64(next, own, 1)));
    sum[2] = _mm512_add_epi64(sum[2], product(words, _mm512_alignr_epi64(next, own, 2)));
    sum[3] = _mm512_add_epi64(sum[3], product(words, _mm512_alignr_epi64(next, own, 3)));
    own = next;
  }
  for (size_t pass = 0; pass < kNhPasses; pass++) sums[pass] = total(sum[pass]);
}

}  // namespace cipherprune
