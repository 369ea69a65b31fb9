#include <immintrin.h>

#include <cstring>

#include "subspace-vole.h"
#include "src/prg/engine-aesni.h"

namespace cipherprune {
namespace {

/** Row r in the lower lane, row r + 16 in the upper one. */
inline __m256i loadRows(const uint8_t* rows, size_t stride, int r) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + static_cast<size_t>(r) * stride));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + static_cast<size_t>(r + 16) * stride));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/** One perfect shuffle of the sixteen vectors; four of them transpose the 16 × 16 bytes of each lane. */
inline void shuffleBytes(const __m256i* in, __m256i* out) {
  for (int i = 0; i < 8; i++) {
    out[2 * i] = _mm256_unpacklo_epi8(in[i], in[i + 8]);
    out[2 * i + 1] = _mm256_unpackhi_epi8(in[i], in[i + 8]);
  }
}

/** 128 columns: sixteen bytes of 32 rows at a time, then one bit of all of them by movemask. */
void transposeGroups(const uint8_t* rows, size_t stride, size_t groups, uint8_t* blocks) {
  for (size_t group = 0; group < groups; group++)
    for (int quarter = 0; quarter < 4; quarter++) {
      __m256i a[16], b[16];
      for (int r = 0; r < 16; r++) a[r] = loadRows(rows + 32 * quarter * stride + 16 * group, stride, r);
      shuffleBytes(a, b);
      shuffleBytes(b, a);
      shuffleBytes(a, b);
      shuffleBytes(b, a);
      for (int column = 0; column < 16; column++) {
        uint8_t* out = blocks + (128 * group + 8 * column) * 16 + 4 * quarter;
        __m256i bytes = a[column];
        for (int bit = 7; bit >= 0; bit--) {
          const int mask = _mm256_movemask_epi8(bytes);
          memcpy(out + 16 * bit, &mask, 4);
          bytes = _mm256_add_epi8(bytes, bytes);
        }
      }
    }
}

}  // namespace

const OtPath avx2OtPath = {{SubspaceVole<AesRows<AesNiEngine>>::run, SubspaceVole<ChaChaRows<8>>::run}, transposeGroups, 128};

}  // namespace cipherprune
