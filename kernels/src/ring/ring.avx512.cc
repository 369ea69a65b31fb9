// AVX-512 paths of ring.h. No STL here: an inline function of a header compiled for AVX-512 could be linked in everywhere.
#include <immintrin.h>

#include <cstring>

#include "ring-isa.h"

namespace cipherprune {

namespace {
#include "ring-loops.inl"

constexpr size_t vectors = ringPanelColumns / 8;

struct MultiplyLow {
  static inline __m512i step(__m512i sum, __m512i a, __m512i b) {
    return _mm512_add_epi64(sum, _mm512_mullo_epi64(a, b));
  }
};

// The low 52 bits of each product are added into 64 bits; carries beyond 2^64 do not matter modulo 2^52.
struct MultiplyAdd52 {
  static inline __m512i step(__m512i sum, __m512i a, __m512i b) { return _mm512_madd52lo_epu64(sum, a, b); }
};

template <class Multiply, size_t rows>
inline void tile(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t depth, size_t columns, __m512i masks,
                 bool accumulate, uint64_t* out, size_t outStride) {
  __m512i sums[rows][vectors];
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_si512();
  for (size_t i = 0; i < depth; i++, panel += ringPanelColumns) {
    __m512i b[vectors];
    for (size_t v = 0; v < vectors; v++) b[v] = _mm512_loadu_si512(panel + 8 * v);
    for (size_t r = 0; r < rows; r++) {
      const __m512i a = _mm512_set1_epi64(static_cast<long long>(x[r * xStride + i]));
      for (size_t v = 0; v < vectors; v++) sums[r][v] = Multiply::step(sums[r][v], a, b[v]);
    }
  }
  for (size_t r = 0; r < rows; r++) {
    for (size_t v = 0; v < vectors && 8 * v < columns; v++) {
      const size_t left = columns - 8 * v;
      const __mmask8 lanes = left >= 8 ? 0xff : static_cast<__mmask8>((1u << left) - 1);
      uint64_t* target = out + r * outStride + 8 * v;
      __m512i value = sums[r][v];
      if (accumulate) value = _mm512_add_epi64(value, _mm512_maskz_loadu_epi64(lanes, target));
      _mm512_mask_storeu_epi64(target, lanes, _mm512_and_si512(value, masks));
    }
  }
}

/** Rows of a tile: as many as registers hold sums of. */
constexpr size_t mostRows = 8;

template <size_t rows>
struct Height {
  constexpr size_t operator()() const { return rows; }
};

/** Rows in tiles of nearly equal heights: each reads the whole panel, which takes longer than the products of a low one. */
template <class Multiply>
inline void tiles(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  const __m512i masks = _mm512_set1_epi64(static_cast<long long>(mask));
  const auto run = [&](auto height) {
    tile<Multiply, height()>(x, xStride, panel, depth, columns, masks, accumulate, out, outStride);
    rows -= height();
    x += height() * xStride;
    out += height() * outStride;
  };
  while (rows > 0) {
    const size_t left = (rows + mostRows - 1) / mostRows;
    switch ((rows + left - 1) / left) {
      case 8: run(Height<8>()); break;
      case 7: run(Height<7>()); break;
      case 6: run(Height<6>()); break;
      case 5: run(Height<5>()); break;
      case 4: run(Height<4>()); break;
      case 3: run(Height<3>()); break;
      case 2: run(Height<2>()); break;
      default: run(Height<1>());
    }
  }
}

}  // namespace

extern const RingLoops ringLoopsAvx512 = table;

void ringTileAvx512(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                    uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  tiles<MultiplyLow>(x, xStride, panel, rows, depth, columns, mask, accumulate, out, outStride);
}

void ringTileIfma(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  tiles<MultiplyAdd52>(x, xStride, panel, rows, depth, columns, mask, accumulate, out, outStride);
}

namespace {

/** Eight entries, signed. */
inline __m512i widened(const int16_t* entries, __mmask8 lanes) {
  return _mm512_cvtepi16_epi64(_mm_maskz_loadu_epi16(lanes, entries));
}

/** Fewer bits than a byte: a group is one word of at most 56 bits. */
void packNarrow(const uint64_t* x, size_t groups, int bits, uint8_t* out) {
  const __m512i places = _mm512_setr_epi64(0, bits, 2 * bits, 3 * bits, 4 * bits, 5 * bits, 6 * bits, 7 * bits);
  const __m512i masks = _mm512_set1_epi64(static_cast<long long>(ringMaskOf(bits)));
  for (size_t g = 0; g < groups; g++, x += 8, out += bits) {
    const __m512i value = _mm512_loadu_si512(x);
    if (bits == 1) {
      *out = _mm512_test_epi64_mask(value, masks);
      continue;
    }
    const __m512i placed = _mm512_sllv_epi64(_mm512_and_si512(value, masks), places);
    const uint64_t word = static_cast<uint64_t>(_mm512_reduce_or_epi64(placed));
    std::memcpy(out, &word, static_cast<size_t>(bits));
  }
}

}  // namespace

constexpr size_t panelRowsAhead = 16;

void ringPanelAvx512(const int16_t* y, size_t stride, size_t rows, size_t columns, uint64_t* panel) {
  const uint32_t real = (uint32_t{1} << columns) - 1;
  for (size_t i = 0; i < rows; i++, y += stride, panel += ringPanelColumns) {
    // No prefetcher follows rows that lie a page or more apart.
    if (i + panelRowsAhead < rows) _mm_prefetch(y + panelRowsAhead * stride + columns - 1, _MM_HINT_T0);
    for (size_t v = 0; v < vectors; v++)
      _mm512_storeu_si512(panel + 8 * v, widened(y + 8 * v, static_cast<__mmask8>(real >> (8 * v))));
  }
}

// Element j of a group of eight starts at bit j·bits: byte (j·bits)/8, bit (j·bits)%8 in it. With bits <= 57 it lies in eight
// bytes; neighbours share at most one byte, so even and odd elements are placed apart and joined.
void ringPackAvx512(const uint64_t* x, size_t groups, int bits, uint8_t* out) {
  if (bits < 8) return packNarrow(x, groups, bits, out);
  alignas(64) uint64_t shifts[8];
  alignas(64) uint8_t even[64], odd[64];
  uint64_t hasEven = 0, hasOdd = 0;
  for (int i = 0; i < 64; i++) even[i] = odd[i] = 0;
  for (int j = 0; j < 8; j++) {
    const int start = j * bits / 8, end = ((j + 1) * bits + 7) / 8;
    shifts[j] = static_cast<uint64_t>(j * bits % 8);
    for (int byte = start; byte < end && byte < 64; byte++) {
      (j % 2 ? odd : even)[byte] = static_cast<uint8_t>(8 * j + byte - start);
      (j % 2 ? hasOdd : hasEven) |= uint64_t{1} << byte;
    }
  }
  const __m512i shift = _mm512_load_si512(shifts), evenBytes = _mm512_load_si512(even), oddBytes = _mm512_load_si512(odd);
  const __m512i masks = _mm512_set1_epi64(static_cast<long long>(ringMaskOf(bits)));
  const __mmask64 stored = (uint64_t{1} << bits) - 1;
  for (size_t g = 0; g < groups; g++, x += 8, out += bits) {
    const __m512i value = _mm512_sllv_epi64(_mm512_and_si512(_mm512_loadu_si512(x), masks), shift);
    const __m512i joined = _mm512_or_si512(_mm512_maskz_permutexvar_epi8(hasEven, evenBytes, value),
                                           _mm512_maskz_permutexvar_epi8(hasOdd, oddBytes, value));
    _mm512_mask_storeu_epi8(out, stored, joined);
  }
}

void ringUnpackAvx512(const uint8_t* bytes, size_t groups, int bits, uint64_t* out) {
  alignas(64) uint64_t shifts[8];
  alignas(64) uint8_t places[64];
  for (int j = 0; j < 8; j++) {
    shifts[j] = static_cast<uint64_t>(j * bits % 8);
    for (int b = 0; b < 8; b++) places[8 * j + b] = static_cast<uint8_t>((j * bits / 8 + b) & 63);
  }
  const __m512i shift = _mm512_load_si512(shifts), place = _mm512_load_si512(places);
  const __m512i masks = _mm512_set1_epi64(static_cast<long long>(ringMaskOf(bits)));
  const __mmask64 present = (uint64_t{1} << bits) - 1;
  for (size_t g = 0; g < groups; g++, bytes += bits, out += 8) {
    const __m512i group = _mm512_maskz_loadu_epi8(present, bytes);
    const __m512i value = _mm512_srlv_epi64(_mm512_permutexvar_epi8(place, group), shift);
    _mm512_storeu_si512(out, _mm512_and_si512(value, masks));
  }
}

}  // namespace cipherprune
