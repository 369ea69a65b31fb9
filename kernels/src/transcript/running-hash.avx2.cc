#include <immintrin.h>

#include "running-hash.h"

namespace cipherprune {

namespace {

inline __m256i load(const uint8_t* bytes) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)); }

}  // namespace

void nhBlockAvx2(const uint8_t* key, const uint8_t* block, uint64_t* sums) {
  __m256i sum[kNhPasses] = {};
  for (size_t at = 0; at < kNhBlockBytes; at += sizeof(__m256i)) {
    const __m256i words = load(block + at);
    for (size_t pass = 0; pass < kNhPasses; pass++) {
      const __m256i keyed = _mm256_add_epi32(words, load(key + at + 8 * pass));
      const __m256i product = _mm256_mul_epu32(keyed, _mm256_srli_epi64(keyed, 32));
      sum[pass] = _mm256_add_epi64(sum[pass], product);
    }
  }
  for (size_t pass = 0; pass < kNhPasses; pass++) {
    uint64_t lanes[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum[pass]);
    sums[pass] = 0;
    for (const uint64_t lane : lanes) sums[pass] += lane;
  }
}

}  // namespace cipherprune
