// GCC 12 warns about its own _mm512_undefined_* (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "ntt.h"

namespace cipherprune {

namespace {

struct V {
  static constexpr size_t lanes = 16;
  __m512i v;
  static V load(const uint32_t* at) { return {_mm512_loadu_si512(at)}; }
  static V set(uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
  void store(uint32_t* at) const { _mm512_storeu_si512(at, v); }
  static V add(V x, V y) { return {_mm512_add_epi32(x.v, y.v)}; }
  static V sub(V x, V y) { return {_mm512_sub_epi32(x.v, y.v)}; }
  static V min(V x, V y) { return {_mm512_min_epu32(x.v, y.v)}; }
  static V mullo(V x, V y) { return {_mm512_mullo_epi32(x.v, y.v)}; }
  static V mulhi(V x, V y) {
    const __m512i even = _mm512_mul_epu32(x.v, y.v);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(x.v, 32), _mm512_srli_epi64(y.v, 32));
    return {_mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB)};
  }
  static V gather(const uint32_t* x, const uint32_t* index) { return {_mm512_i32gather_epi32(load(index).v, x, 4)}; }
  static V select(V mask, V x, V y) { return {_mm512_mask_mov_epi32(y.v, _mm512_movepi32_mask(mask.v), x.v)}; }
  static V signs(V x) { return {_mm512_srai_epi32(x.v, 31)}; }
  static void transpose(uint32_t* block);
};

struct W {
  __m512i even = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
  void addProduct(V x, V y) {
    even = _mm512_add_epi64(even, _mm512_mul_epu32(x.v, y.v));
    odd = _mm512_add_epi64(odd, _mm512_mul_epu32(_mm512_srli_epi64(x.v, 32), _mm512_srli_epi64(y.v, 32)));
  }
  void addBroadcast(uint32_t x, V y) { addProduct(V::set(x), y); }
  V low() const { return {_mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32))}; }
  V high() const { return {_mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd)}; }
};

void V::transpose(uint32_t* block) {
  __m512i r[16], t[16];
  for (int i = 0; i < 16; i++) r[i] = load(block + 16 * i).v;
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  // r[4i + j] holds, in its 128-bit quarter q, column 4q + j of rows 4i to 4i + 3: a 4 x 4 transposition of quarters.
  for (int j = 0; j < 4; j++) {
    const __m512i a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44), b = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44), d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xee);
    t[j] = _mm512_shuffle_i32x4(a, c, 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(a, c, 0xdd);
    t[8 + j] = _mm512_shuffle_i32x4(b, d, 0x88);
    t[12 + j] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
  for (int i = 0; i < 16; i++) V{t[i]}.store(block + 16 * i);
}

/** Words of even places, and those of odd ones, as double words. */
struct Halves {
  __m512i even, odd;
  explicit Halves(const uint32_t* at) {
    const __m512i words = V::load(at).v;
    even = _mm512_and_si512(words, _mm512_set1_epi64(0xffffffff));
    odd = _mm512_srli_epi64(words, 32);
  }
};

/** Barrett's division of any double words: what is left of the sum, its low 25 bits apart, and of the reciprocal makes the quotient less than
 *  2 + 2^-13 too small, so the rest is below 3p. */
struct WideReducer {
  __m512i reciprocal;
  V p;

  explicit WideReducer(const Modulus& m) : reciprocal(_mm512_set1_epi64(static_cast<int64_t>(m.reciprocal))), p(V::set(m.p)) {}

  V rest(const W& sum) const {
    const __m512i zero = _mm512_setzero_si512();
    W quotient;
    quotient.even = _mm512_madd52hi_epu64(zero, _mm512_srli_epi64(sum.even, 25), reciprocal);
    quotient.odd = _mm512_madd52hi_epu64(zero, _mm512_srli_epi64(sum.odd, 25), reciprocal);
    return V::sub(sum.low(), V::mullo(quotient.low(), p));
  }
};

#define CIPHERPRUNE_OWN_LOOPS
#include "poly-loops.inl"

/** One 52-bit multiply-add for eight products: factors are below 2^26. Sums begin as zeros one by one: a loop that clears the array of them becomes a
 *  call that fills memory, a tenth of a small tile's time. */
template <size_t ROWS>
void tileRowsIfma(const uint32_t* a, size_t aStride, const uint32_t* b, size_t depth, const Reducer& m, uint32_t* c, size_t cStride) {
  W sum[ROWS];
#pragma GCC unroll 12
  for (size_t r = 0; r < ROWS; r++) sum[r] = W();
  for (size_t k = 0; k < depth; k++, a += aStride, b += columns) {
    const Halves y(b);
#pragma GCC unroll 12
    for (size_t r = 0; r < ROWS; r++) {
      const __m512i x = _mm512_maskz_set1_epi32(0x5555, static_cast<int>(a[r]));
      sum[r].even = _mm512_madd52lo_epu64(sum[r].even, x, y.even);
      sum[r].odd = _mm512_madd52lo_epu64(sum[r].odd, x, y.odd);
    }
  }
#pragma GCC unroll 12
  for (size_t r = 0; r < ROWS; r++) m.lazyWide(sum[r]).store(c + r * cStride);
}

using TileRows = void (*)(const uint32_t* a, size_t aStride, const uint32_t* b, size_t depth, const Reducer& m, uint32_t* c, size_t cStride);
constexpr TileRows tilesByRows[mostTileRows] = {tileRowsIfma<1>, tileRowsIfma<2>, tileRowsIfma<3>,  tileRowsIfma<4>,  tileRowsIfma<5>,  tileRowsIfma<6>,
                                                tileRowsIfma<7>, tileRowsIfma<8>, tileRowsIfma<9>, tileRowsIfma<10>, tileRowsIfma<11>, tileRowsIfma<12>};

void tile(const uint32_t* a, size_t aStride, const uint32_t* b, size_t rows, size_t depth, const Modulus& modulus, uint32_t* c,
          size_t cStride) {
  tilesByRows[rows - 1](a, aStride, b, depth, Reducer(modulus), c, cStride);
}

template <size_t ROWS, size_t COLS>
inline void laneTile(const uint32_t* x, const uint32_t* y, size_t cols, size_t terms, const Reducer& m, uint32_t* out) {
  W sum[ROWS][COLS];
#pragma GCC unroll 8
  for (size_t i = 0; i < ROWS * COLS; i++) sum[i / COLS][i % COLS] = W();
  for (size_t t = 0; t < terms; t++, x += ROWS * columns, y += cols * columns) {
    const Halves first(y), last(y + (COLS - 1) * columns);
    for (size_t r = 0; r < ROWS; r++) {
      const Halves factor(x + r * columns);
      for (size_t c = 0; c < COLS; c++) {
        const Halves& other = c == 0 ? first : last;
        sum[r][c].even = _mm512_madd52lo_epu64(sum[r][c].even, factor.even, other.even);
        sum[r][c].odd = _mm512_madd52lo_epu64(sum[r][c].odd, factor.odd, other.odd);
      }
    }
  }
  for (size_t r = 0; r < ROWS; r++)
    for (size_t c = 0; c < COLS; c++) m.reduceWide(sum[r][c]).store(out + (r * cols + c) * columns);
}

template <size_t ROWS>
inline void laneRows(const uint32_t* x, const uint32_t* y, size_t cols, size_t terms, const Reducer& m, uint32_t* out) {
  size_t c = 0;
  for (; c + 2 <= cols; c += 2) laneTile<ROWS, 2>(x, y + c * columns, cols, terms, m, out + c * columns);
  if (c < cols) laneTile<ROWS, 1>(x, y + c * columns, cols, terms, m, out + c * columns);
}

void laneProducts(const uint32_t* x, size_t rows, const uint32_t* y, size_t cols, size_t terms, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  switch (rows) {
    case 4: return laneRows<4>(x, y, cols, terms, m, out);
    case 3: return laneRows<3>(x, y, cols, terms, m, out);
    case 2: return laneRows<2>(x, y, cols, terms, m, out);
    default: return laneRows<1>(x, y, cols, terms, m, out);
  }
}

template <size_t TERMS>
inline void combineTerms(const uint32_t* x, size_t xStride, const Combination* combinations, size_t moduli, size_t count, uint32_t* out,
                         size_t outStride) {
  for (size_t i = 0; i < count; i += V::lanes) {
    __m512i even[TERMS], odd[TERMS];
    for (size_t t = 0; t < TERMS; t++) {
      const Halves halves(x + t * xStride + i);
      even[t] = halves.even;
      odd[t] = halves.odd;
    }
    for (size_t k = 0; k < moduli; k++) {
      const Combination& c = combinations[k];
      W sum;
      sum.even = sum.odd = _mm512_set1_epi64(c.addend);
      for (size_t t = 0; t < TERMS; t++) {
        const __m512i factor = _mm512_set1_epi64(c.factors[t]);
        sum.even = _mm512_madd52lo_epu64(sum.even, factor, even[t]);
        sum.odd = _mm512_madd52lo_epu64(sum.odd, factor, odd[t]);
      }
      WideReducer(*c.modulus).rest(sum).store(out + k * outStride + i);
    }
  }
}

void combineEach(const uint32_t* x, size_t xStride, size_t terms, const Combination* combinations, size_t moduli, size_t count, uint32_t* out,
                 size_t outStride) {
  switch (terms) {
    case 4: return combineTerms<4>(x, xStride, combinations, moduli, count, out, outStride);
    case 3: return combineTerms<3>(x, xStride, combinations, moduli, count, out, outStride);
    case 2: return combineTerms<2>(x, xStride, combinations, moduli, count, out, outStride);
    default: return combineTerms<1>(x, xStride, combinations, moduli, count, out, outStride);
  }
}

/** Of sixteen words of 26 bits: the four bytes that each lies in. */
struct PackedPlaces {
  alignas(64) uint8_t bytes[64];
  alignas(64) uint32_t shifts[16];
  constexpr PackedPlaces() : bytes(), shifts() {
    for (unsigned i = 0; i < 16; i++) {
      for (unsigned k = 0; k < 4; k++) bytes[4 * i + k] = static_cast<uint8_t>(primeBits * i / 8 + k);
      shifts[i] = primeBits * i % 8;
    }
  }
};
constexpr PackedPlaces places;

void unpack(const uint8_t* bytes, size_t count, uint32_t* out) {
  constexpr size_t packed = columns * primeBits / 8;
  const __m512i at = _mm512_load_si512(places.bytes), shifts = _mm512_load_si512(places.shifts), mask = V::set((1u << primeBits) - 1).v;
  for (size_t i = 0; i < count; i += columns, bytes += packed) {
    const __m512i words = _mm512_permutexvar_epi8(at, _mm512_maskz_loadu_epi8((uint64_t{1} << packed) - 1, bytes));
    V{_mm512_and_si512(_mm512_srlv_epi32(words, shifts), mask)}.store(out + i);
  }
}

size_t keepResidues(const uint8_t* bytes, size_t words, const Modulus& modulus, size_t count, uint32_t* out) {
  const __m512i mask = V::set((1u << primeBits) - 1).v, p = V::set(modulus.p).v;
  size_t i = 0, done = 0;
  for (; i + columns <= words && done + columns <= count; i += columns) {
    const __m512i residues = _mm512_and_si512(_mm512_loadu_si512(bytes + 4 * i), mask);
    const __mmask16 kept = _mm512_cmplt_epu32_mask(residues, p);
    V{_mm512_maskz_compress_epi32(kept, residues)}.store(out + done);
    done += static_cast<size_t>(__builtin_popcount(kept));
  }
  return done + keepSome(bytes + 4 * i, words - i, modulus, count - done, out + done);
}

#include "poly-table.inl"

}  // namespace

const PolyLoops polyLoopsAvx512 = table;

}  // namespace cipherprune
