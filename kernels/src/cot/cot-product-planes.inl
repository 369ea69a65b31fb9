// Products of width 1, compiled once per instruction set. They go by planes: COT b · items + i is bit b of item i, and the
// messages of a plane have one width, so all loops run over items, in vectors. `Lane` holds a payload.
#include "cot-hash.h"
#include "cot-product.h"
#include "src/prg/lane-stream.inl"

namespace cipherprune {
namespace {

constexpr size_t planeTile = 512;

inline uint64_t hashWord(const uint8_t* hashes, size_t index) {
  uint64_t word;
  __builtin_memcpy(&word, hashes + 16 * index, 8);
  return word;
}

#ifdef __AVX512VBMI__

/** The lower words of eight blocks. */
inline __m512i eightHashWords(const uint8_t* hashes) {
  const __m512i even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
  return _mm512_permutex2var_epi64(_mm512_loadu_si512(hashes), even, _mm512_loadu_si512(hashes + 64));
}

#endif

/** One bit of some items at the sender: message x + h_d - h_(1-d), share ∓ 2^bit · h_d, d the correction. */
template <typename Lane>
inline void sendPlane(const uint8_t* zero, const uint8_t* one, const uint8_t* corrections, const uint8_t* correctionsEnd,
                      size_t firstCorrection, const uint64_t* x, const CotProductPlan& plan, size_t count, unsigned bit, bool adds,
                      Lane* sent, uint64_t* share) {
  const unsigned coarse = coarseness(plan, bit), weight = bit + coarse;
  const uint64_t mask = lowBits(payloadBits(plan, bit)), ringMask = lowBits(plan.ringBits);
  const uint64_t half = coarse == 0 ? 0 : uint64_t{1} << (coarse - 1);
  size_t e = 0;
#ifdef __AVX512VBMI__
  const __m512i masks = _mm512_set1_epi64(static_cast<long long>(mask)), ringMasks = _mm512_set1_epi64(static_cast<long long>(ringMask));
  const __m512i halves = _mm512_set1_epi64(static_cast<long long>(half));
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(weight)), coarseShift = _mm_cvtsi32_si128(static_cast<int>(coarse));
  for (; e + 8 <= count; e += 8) {
    const __m512i h0 = eightHashWords(zero + 16 * e), h1 = eightHashWords(one + 16 * e);
    const __mmask8 d = static_cast<__mmask8>(peekBits(corrections, correctionsEnd, firstCorrection + e, 8));
    const __m512i own = _mm512_mask_blend_epi64(d, h0, h1), other = _mm512_mask_blend_epi64(d, h1, h0);
    const __m512i rounded =
        _mm512_srl_epi64(_mm512_and_si512(_mm512_add_epi64(_mm512_loadu_si512(x + e), halves), ringMasks), coarseShift);
    const __m512i message = _mm512_sub_epi64(_mm512_add_epi64(rounded, own), other);
    storeEight(sent + e, _mm512_and_si512(message, masks));
    const __m512i sum = _mm512_loadu_si512(share + e), term = _mm512_sll_epi64(own, shift);
    _mm512_storeu_si512(share + e, adds ? _mm512_add_epi64(sum, term) : _mm512_sub_epi64(sum, term));
  }
#endif
  for (; e < count; e++) {
    const uint64_t h0 = hashWord(zero, e), h1 = hashWord(one, e);
    const uint64_t swap = (h0 ^ h1) & -peekBits(corrections, correctionsEnd, firstCorrection + e, 1);
    const uint64_t own = h0 ^ swap, other = h1 ^ swap;
    sent[e] = static_cast<Lane>(((((x[e] + half) & ringMask) >> coarse) + own - other) & mask);
    share[e] += adds ? own << weight : -(own << weight);
  }
}

/** share ± 2^weight · h */
inline void beginPlane(const uint8_t* hashes, size_t count, unsigned weight, bool subtracts, uint64_t* share) {
  size_t e = 0;
#ifdef __AVX512VBMI__
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(weight));
  for (; e + 8 <= count; e += 8) {
    const __m512i sum = _mm512_loadu_si512(share + e), term = _mm512_sll_epi64(eightHashWords(hashes + 16 * e), shift);
    _mm512_storeu_si512(share + e, subtracts ? _mm512_sub_epi64(sum, term) : _mm512_add_epi64(sum, term));
  }
#endif
  for (; e < count; e++) {
    const uint64_t term = hashWord(hashes, e) << weight;
    share[e] += subtracts ? -term : term;
  }
}

/** Bit `bit` of y XOR the random bits, appended. */
inline void correctPlane(const uint64_t* y, const uint8_t* random, size_t count, unsigned bit, BitWriter& writer) {
  size_t e = 0;
#ifdef __AVX512VBMI__
  const __m512i chosen = _mm512_set1_epi64(static_cast<long long>(uint64_t{1} << bit));
  for (; e + 8 <= count; e += 8) {
    const __mmask8 choices = _mm512_test_epi64_mask(_mm512_loadu_si512(y + e), chosen);
    uint64_t flips;
    __builtin_memcpy(&flips, random + e, 8);
    writer.putShort((choices ^ _pext_u64(flips, 0x0101010101010101u)) & 0xff, 8);
  }
#endif
  for (; e < count; e++) writer.putShort((y[e] >> bit ^ random[e]) & 1, 1);
}

/** share ± 2^(bit + coarse) · message where the bit of y is set */
template <typename Lane>
inline void finishPlane(const Lane* sent, const uint64_t* y, size_t count, unsigned bit, unsigned coarse, bool subtracts,
                        uint64_t* share) {
  for (size_t e = 0; e < count; e++) {
    const uint64_t term = (static_cast<uint64_t>(sent[e]) & -(y[e] >> bit & 1)) << (bit + coarse);
    share[e] += subtracts ? -term : term;
  }
}

inline size_t tileOf(size_t end, size_t begin) { return end - begin < planeTile ? end - begin : planeTile; }

inline size_t bytesOf(size_t count, unsigned bits) { return (count * bits + 7) / 8; }

inline bool isNegativeBit(const CotProductPlan& plan, unsigned bit) { return plan.isSigned && bit + 1 == plan.bits; }

inline void reduce(const CotProductPlan& plan, const CotProductItems& part, uint64_t* share) {
  for (size_t i = part.begin; i < part.end; i++) share[i] &= lowBits(plan.ringBits);
}

template <typename Lane>
void sendPlanes(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message) {
  alignas(64) uint8_t zero[planeTile * 16], one[planeTile * 16];
  alignas(64) Lane sent[planeTile];
  const uint8_t* correctionsEnd = corrections + (plan.items * plan.bits + 7) / 8;
  for (size_t i = part.begin; i < part.end; i++) share[i] = 0;
  for (unsigned bit = 0; bit < plan.bits; bit++) {
    const uint64_t* values = bit + 1 == plan.bits ? top : x;
    const unsigned width = payloadBits(plan, bit);
    for (size_t begin = part.begin; begin < part.end; begin += planeTile) {
      const size_t count = tileOf(part.end, begin), cot = bit * plan.items + begin;
      uint8_t* const own = message + begin / 8 * width;
      cotHashPairs(blocks + cot * 16, count, delta, tweak + cot, 1, zero, one);
      sendPlane(zero, one, corrections, correctionsEnd, cot, values + begin, plan, count, bit,
                isNegativeBit(plan, bit), sent, share + begin);
      packLanes(sent, count, width, own, own + bytesOf(count, width));
    }
    message += bytesOf(plan.items, width);
  }
  reduce(plan, part, share);
}

/** Bit `bit` of y is the random bit; the higher ones are 0. */
inline void choosePlane(uint64_t* y, const uint8_t* random, size_t count, unsigned bit) {
  for (size_t e = 0; e < count; e++) {
    const uint64_t below = bit == 0 ? 0 : y[e];
    y[e] = below | static_cast<uint64_t>(random[e] & 1) << bit;
  }
}

/** The pads' part of the share. */
void beginPlanes(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* blocks, Tweak tweak, uint64_t* share) {
  alignas(64) uint8_t hashes[planeTile * 16];
  for (size_t i = part.begin; i < part.end; i++) share[i] = 0;
  for (unsigned bit = 0; bit < plan.bits; bit++) {
    for (size_t begin = part.begin; begin < part.end; begin += planeTile) {
      const size_t count = tileOf(part.end, begin), cot = bit * plan.items + begin;
      cotHash(blocks + cot * 16, count, tweak + cot, 1, hashes);
      beginPlane(hashes, count, bit + coarseness(plan, bit), isNegativeBit(plan, bit), share + begin);
    }
  }
}

/** Corrections of all items, a bit for each COT, or y from what these chose. */
void choosePlanes(const CotProductPlan& plan, const uint8_t* random, uint64_t* y, uint8_t* corrections) {
  BitWriter writer{corrections, corrections ? corrections + bytesOf(plan.items, plan.bits) : nullptr};
  for (unsigned bit = 0; bit < plan.bits; bit++, random += plan.items) {
    if (corrections)
      correctPlane(y, random, plan.items, bit, writer);
    else
      choosePlane(y, random, plan.items, bit);
  }
  if (corrections) writer.align();
}

template <typename Lane>
void finishPlanes(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint8_t* message, uint64_t* share) {
  alignas(64) Lane sent[planeTile];
  const uint8_t* end = message + cotProductMessageBytes(plan);
  for (unsigned bit = 0; bit < plan.bits; bit++) {
    const unsigned width = payloadBits(plan, bit);
    for (size_t begin = part.begin; begin < part.end; begin += planeTile) {
      const size_t count = tileOf(part.end, begin);
      unpackLanes(message + begin / 8 * width, end, count, width, sent);
      finishPlane(sent, y + begin, count, bit, coarseness(plan, bit), isNegativeBit(plan, bit), share + begin);
    }
    message += bytesOf(plan.items, width);
  }
  reduce(plan, part, share);
}

}  // namespace
}  // namespace cipherprune
