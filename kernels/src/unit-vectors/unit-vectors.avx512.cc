// Eight fields at once: they begin at a byte, since a vector has a multiple of eight. No STL here.
#include <immintrin.h>

#include "unit-vectors.h"

namespace cipherprune {

void unitVectorSumsAvx512(const uint64_t* shifts, size_t count, const UnitVectorPlan& plan, const uint64_t* twice,
                          const uint8_t* fields, uint64_t* out) {
  const unsigned bits = plan.ringBits;
  const size_t places = size_t{1} << plan.indexBits;
  const uint64_t ring = (uint64_t{1} << bits) - 1;
  alignas(64) uint64_t shiftOf[8];
  alignas(64) uint8_t bytesOf[64];
  for (unsigned j = 0; j < 8; j++) {
    shiftOf[j] = j * bits % 8;
    for (unsigned b = 0; b < 8; b++) bytesOf[8 * j + b] = static_cast<uint8_t>((j * bits / 8 + b) & 63);
  }
  const __m512i shift = _mm512_load_si512(shiftOf), place = _mm512_load_si512(bytesOf);
  const __m512i mask = _mm512_set1_epi64(static_cast<long long>(ring));
  const __mmask64 present = (uint64_t{1} << bits) - 1;
  for (size_t i = 0; i < count; i++) {
    const uint64_t* table = twice + (shifts[i] & (places - 1));
    __m512i even = _mm512_setzero_si512(), odd = even;
    for (size_t j = 0; j < places; j += 8, fields += bits) {
      const __m512i group = _mm512_permutexvar_epi8(place, _mm512_maskz_loadu_epi8(present, fields));
      const __m512i field = _mm512_and_si512(_mm512_srlv_epi64(group, shift), mask);
      const __m512i sum = _mm512_madd52lo_epu64(j % 16 == 0 ? even : odd, field, _mm512_loadu_si512(table + j));
      if (j % 16 == 0) even = sum;
      else odd = sum;
    }
    out[i] = static_cast<uint64_t>(_mm512_reduce_add_epi64(_mm512_add_epi64(even, odd))) & ring;
  }
}

}  // namespace cipherprune
