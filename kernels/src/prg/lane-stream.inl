// Rows of payload elements to and from bytes: `bits` bits an element, little-endian, whole bytes in all. A lane is the word
// that holds an element; its unused bits are zero. Included once per instruction set.
#pragma once
#include "src/base/bit-stream.h"

#ifdef __AVX512VBMI__
#include <immintrin.h>
#endif

namespace cipherprune {
namespace {

#ifdef __AVX512VBMI__

// Eight elements are `bits` bytes. Element j starts at bit j·bits; with 8 <= bits <= 57 it lies within eight bytes and shares
// at most one with either neighbour, so even and odd elements are placed apart and joined.
struct LaneShuffle {
  alignas(64) uint8_t even[64];
  alignas(64) uint8_t odd[64];
  alignas(64) uint8_t back[64];
  alignas(64) uint64_t shifts[8];
  uint64_t hasEven, hasOdd;

  void set(unsigned bits) {
    hasEven = hasOdd = 0;
    for (unsigned i = 0; i < 64; i++) even[i] = odd[i] = 0;
    for (unsigned j = 0; j < 8; j++) {
      const unsigned start = j * bits / 8, end = ((j + 1) * bits + 7) / 8;
      shifts[j] = j * bits % 8;
      for (unsigned byte = start; byte < end && byte < 64; byte++) {
        (j % 2 ? odd : even)[byte] = static_cast<uint8_t>(8 * j + byte - start);
        (j % 2 ? hasOdd : hasEven) |= uint64_t{1} << byte;
      }
      for (unsigned b = 0; b < 8; b++) back[8 * j + b] = static_cast<uint8_t>((start + b) & 63);
    }
  }
};

struct LaneShuffles {
  LaneShuffle of[58];
  LaneShuffles() {
    for (unsigned bits = 8; bits < 58; bits++) of[bits].set(bits);
  }
};

inline const LaneShuffle& laneShuffle(unsigned bits) {
  static const LaneShuffles shuffles;
  return shuffles.of[bits];
}

inline __m512i loadEight(const uint16_t* lanes) {
  return _mm512_cvtepu16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes)));
}
inline __m512i loadEight(const uint32_t* lanes) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes)));
}
inline __m512i loadEight(const uint64_t* lanes) { return _mm512_loadu_si512(lanes); }

inline void storeEight(uint16_t* lanes, __m512i words) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes), _mm512_cvtepi64_epi16(words));
}
inline void storeEight(uint32_t* lanes, __m512i words) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm512_cvtepi64_epi32(words));
}
inline void storeEight(uint64_t* lanes, __m512i words) { _mm512_storeu_si512(lanes, words); }

/** Groups of eight elements; returns how many elements are done. */
template <typename Lane>
inline size_t packEights(const Lane* lanes, size_t count, unsigned bits, uint8_t* out) {
  if (bits > 57) return 0;
  size_t e = 0;
  if (bits < 8) {
    const uint64_t fields = lowBits(bits) * 0x0101010101010101u;
    for (; e + 8 <= count; e += 8, out += bits) {
      const __m128i bytes = _mm512_cvtepi64_epi8(loadEight(lanes + e));
      const uint64_t packed = _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(bytes)), fields);
      for (unsigned b = 0; b < bits; b++) out[b] = static_cast<uint8_t>(packed >> (8 * b));
    }
    return e;
  }
  const LaneShuffle& shuffle = laneShuffle(bits);
  const __m512i shifts = _mm512_load_si512(shuffle.shifts);
  const __m512i even = _mm512_load_si512(shuffle.even), odd = _mm512_load_si512(shuffle.odd);
  const __mmask64 stored = (uint64_t{1} << bits) - 1;
  for (; e + 8 <= count; e += 8, out += bits) {
    const __m512i words = _mm512_sllv_epi64(loadEight(lanes + e), shifts);
    _mm512_mask_storeu_epi8(out, stored,
                            _mm512_or_si512(_mm512_maskz_permutexvar_epi8(shuffle.hasEven, even, words),
                                            _mm512_maskz_permutexvar_epi8(shuffle.hasOdd, odd, words)));
  }
  return e;
}

template <typename Lane>
inline size_t unpackEights(const uint8_t* bytes, size_t count, unsigned bits, Lane* lanes) {
  if (bits > 57) return 0;
  size_t e = 0;
  if (bits < 8) {
    const uint64_t fields = lowBits(bits) * 0x0101010101010101u;
    for (; e + 8 <= count; e += 8, bytes += bits) {
      uint64_t packed = 0;
      for (unsigned b = 0; b < bits; b++) packed |= static_cast<uint64_t>(bytes[b]) << (8 * b);
      const __m128i spread = _mm_cvtsi64_si128(static_cast<long long>(_pdep_u64(packed, fields)));
      storeEight(lanes + e, _mm512_cvtepu8_epi64(spread));
    }
    return e;
  }
  const LaneShuffle& shuffle = laneShuffle(bits);
  const __m512i shifts = _mm512_load_si512(shuffle.shifts), back = _mm512_load_si512(shuffle.back);
  const __m512i mask = _mm512_set1_epi64(static_cast<long long>(lowBits(bits)));
  const __mmask64 present = (uint64_t{1} << bits) - 1;
  for (; e + 8 <= count; e += 8, bytes += bits) {
    const __m512i group = _mm512_permutexvar_epi8(back, _mm512_maskz_loadu_epi8(present, bytes));
    storeEight(lanes + e, _mm512_and_si512(_mm512_srlv_epi64(group, shifts), mask));
  }
  return e;
}

#else

template <typename Lane>
inline size_t packEights(const Lane*, size_t, unsigned, uint8_t*) {
  return 0;
}
template <typename Lane>
inline size_t unpackEights(const uint8_t*, size_t, unsigned, Lane*) {
  return 0;
}

#endif

/** Returns the end of what it wrote. */
template <typename Lane>
inline uint8_t* packLanes(const Lane* lanes, size_t count, unsigned bits, uint8_t* out, uint8_t* end) {
  const size_t done = packEights(lanes, count, bits, out);
  BitWriter writer{out + done / 8 * bits, end};
  for (size_t e = done; e < count; e++) writer.put(lanes[e], bits);
  writer.align();
  return writer.out;
}

template <typename Lane>
inline const uint8_t* unpackLanes(const uint8_t* bytes, const uint8_t* end, size_t count, unsigned bits, Lane* lanes) {
  const size_t done = unpackEights(bytes, count, bits, lanes);
  BitReader reader{bytes + done / 8 * bits, end};
  for (size_t e = done; e < count; e++) lanes[e] = static_cast<Lane>(reader.take(bits));
  return bytes + (count * bits + 7) / 8;
}

}  // namespace
}  // namespace cipherprune
