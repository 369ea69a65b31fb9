#include <immintrin.h>

#include "subspace-vole.h"
#include "src/prg/engine-vaes.h"

namespace cipherprune {
namespace {

/** One perfect shuffle of the bytes of each lane across `count` vectors: the address (vector, byte) turns by one bit. */
template <int count>
inline void shuffleBytes(const __m512i* in, __m512i* out) {
  for (int i = 0; i < count / 2; i++) {
    out[2 * i] = _mm512_unpacklo_epi8(in[i], in[i + count / 2]);
    out[2 * i + 1] = _mm512_unpackhi_epi8(in[i], in[i + count / 2]);
  }
}

/** Eight rows of 64 bytes → out[v]: the 8 × 8 bits of column 16·lane + 2·v + half as a word, already transposed. */
inline void transposeSquares(const uint8_t* rows, size_t stride, __m512i* out) {
  __m512i a[8], b[8];
  // gf2p8affine counts the rows of its matrix from the last byte
  for (int r = 0; r < 8; r++) a[r] = _mm512_loadu_si512(rows + static_cast<size_t>(7 - r) * stride);
  shuffleBytes<8>(a, b);
  shuffleBytes<8>(b, a);
  shuffleBytes<8>(a, b);
  // a matrix times the unit vectors: its columns
  const __m512i units = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ULL));
  for (int v = 0; v < 8; v++) out[v] = _mm512_gf2p8affine_epi64_epi8(units, b[v], 0);
}

/** Four vectors of four lanes: stores lane l of all of them together at p + l·step. */
inline void storeLanes(const __m512i* v, uint8_t* p, size_t step) {
  const __m512i a = _mm512_shuffle_i64x2(v[0], v[1], 0x44), b = _mm512_shuffle_i64x2(v[2], v[3], 0x44);
  const __m512i c = _mm512_shuffle_i64x2(v[0], v[1], 0xee), d = _mm512_shuffle_i64x2(v[2], v[3], 0xee);
  _mm512_storeu_si512(p, _mm512_shuffle_i64x2(a, b, 0x88));
  _mm512_storeu_si512(p + step, _mm512_shuffle_i64x2(a, b, 0xdd));
  _mm512_storeu_si512(p + 2 * step, _mm512_shuffle_i64x2(c, d, 0x88));
  _mm512_storeu_si512(p + 3 * step, _mm512_shuffle_i64x2(c, d, 0xdd));
}

/** 512 columns. First bits within squares of eight rows, then bytes across the sixteen squares of a column. */
void transposeGroup(const uint8_t* rows, size_t stride, uint8_t* blocks) {
  __m512i squares[8][16], part[8];
  for (int g = 0; g < 16; g++) {
    transposeSquares(rows + static_cast<size_t>(8 * g) * stride, stride, part);
    for (int v = 0; v < 8; v++) squares[v][g] = part[v];
  }
  for (int v = 0; v < 8; v++) {
    __m512i a[16], b[16];
    shuffleBytes<16>(squares[v], b);
    shuffleBytes<16>(b, a);
    shuffleBytes<16>(a, b);
    shuffleBytes<16>(b, a);
    // a[i], lane l: column 128·l + 16·v + i
    for (int i = 0; i < 16; i += 4) storeLanes(a + i, blocks + (16 * v + i) * 16, 128 * 16);
  }
}

void transposeGroups(const uint8_t* rows, size_t stride, size_t groups, uint8_t* blocks) {
  for (size_t group = 0; group < groups; group++)
    transposeGroup(rows + 64 * group, stride, blocks + 512 * 16 * group);
}

}  // namespace

const OtPath avx512OtPath = {{SubspaceVole<AesRows<VaesEngine>>::run, SubspaceVole<ChaChaRows<8>>::run}, transposeGroups, 512};

}  // namespace cipherprune
