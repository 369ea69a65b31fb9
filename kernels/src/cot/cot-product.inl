// The loops of cot-product.h, compiled once per instruction set. `Lane` is the word in which payload elements of long
// rows are cut from the hash's output.
#include "cot-hash.h"
#include "cot-loops.h"
#include "cot-product.h"
#include "src/prg/lane-stream.inl"

namespace cipherprune {
namespace {

inline uint64_t bitAt(const uint8_t* bits, size_t index) { return bits[index >> 3] >> (index & 7) & 1; }

/** Of each item, width above 1. */
inline size_t itemMessageBytes(const CotProductPlan& plan) { return plan.items == 0 ? 0 : cotProductMessageBytes(plan) / plan.items; }

/** So many COTs of an item, from COT i on, have their pads made together. */
inline size_t padRows(const CotProductPlan& plan, unsigned i) {
  return plan.bits - i < kPadRows ? plan.bits - i : kPadRows;
}

template <typename Lane>
inline void addRow(const Lane* row, size_t width, unsigned shift, bool negative, uint64_t* sum) {
  if (negative) {
    for (size_t e = 0; e < width; e++) sum[e] -= static_cast<uint64_t>(row[e]) << shift;
  } else {
    for (size_t e = 0; e < width; e++) sum[e] += static_cast<uint64_t>(row[e]) << shift;
  }
}

/** x without its lowest bits, to nearest with halves up. */
template <typename Lane>
inline Lane roundedUp(Lane x, unsigned coarse, Lane ringMask) {
  const Lane half = static_cast<Lane>(coarse == 0 ? 0 : uint64_t{1} << (coarse - 1));
  return static_cast<Lane>(static_cast<Lane>((x + half) & ringMask) >> coarse);
}

/** Width above 1. */
template <typename Lane>
void sendRows(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
              const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message,
              uint8_t* scratch) {
  const size_t perRow = (plan.width * sizeof(Lane) + 15) / 16;
  const size_t rowBytes = perRow * 16;
  uint8_t* zeros = scratch;
  uint8_t* ones = zeros + kPadRows * rowBytes;
  Lane* row = reinterpret_cast<Lane*>(ones + kPadRows * rowBytes);
  Lane* sent = reinterpret_cast<Lane*>(ones + (kPadRows + 1) * rowBytes);
  Lane* last = reinterpret_cast<Lane*>(ones + (kPadRows + 2) * rowBytes);
  uint8_t* end = message + part.end * itemMessageBytes(plan);
  message += part.begin * itemMessageBytes(plan);
  for (size_t item = part.begin; item < part.end; item++) {
    uint64_t* sum = share + item * plan.width;
    for (size_t e = 0; e < plan.width; e++) row[e] = static_cast<Lane>(x[item * plan.width + e]);
    for (size_t e = 0; e < plan.width; e++) last[e] = static_cast<Lane>(top[item * plan.width + e]);
    for (size_t e = 0; e < plan.width; e++) sum[e] = 0;
    for (unsigned i = 0; i < plan.bits; i++) {
      const size_t cot = item * plan.bits + i;
      if (i % kPadRows == 0)
        cotHashPairs(blocks + cot * 16, padRows(plan, i), delta, tweak + cot, perRow, zeros, ones);
      const uint8_t* zero = zeros + i % kPadRows * rowBytes;
      const uint8_t* one = ones + i % kPadRows * rowBytes;
      const bool swap = bitAt(corrections, cot);
      const Lane* own = reinterpret_cast<const Lane*>(swap ? one : zero);
      const Lane* other = reinterpret_cast<const Lane*>(swap ? zero : one);
      const unsigned bits = payloadBits(plan, i), coarse = coarseness(plan, i);
      const Lane mask = static_cast<Lane>(lowBits(bits)), ringMask = static_cast<Lane>(lowBits(plan.ringBits));
      const Lane* values = i + 1 == plan.bits ? last : row;
      for (size_t e = 0; e < plan.width; e++)
        sent[e] = static_cast<Lane>(roundedUp(values[e], coarse, ringMask) + own[e] - other[e]) & mask;
      addRow(own, plan.width, i + coarse, !(plan.isSigned && i + 1 == plan.bits), sum);
      message = packLanes(sent, plan.width, bits, message, end);
    }
    for (size_t e = 0; e < plan.width; e++) sum[e] &= lowBits(plan.ringBits);
  }
}

template <typename Lane>
void beginRows(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* blocks, Tweak tweak, uint64_t* share, uint8_t* scratch) {
  const size_t perRow = (plan.width * sizeof(Lane) + 15) / 16;
  for (size_t item = part.begin; item < part.end; item++) {
    uint64_t* sum = share + item * plan.width;
    for (size_t e = 0; e < plan.width; e++) sum[e] = 0;
    for (unsigned i = 0; i < plan.bits; i++) {
      const size_t cot = item * plan.bits + i;
      if (i % kPadRows == 0) cotHash(blocks + cot * 16, padRows(plan, i), tweak + cot, perRow, scratch);
      addRow(reinterpret_cast<const Lane*>(scratch + i % kPadRows * perRow * 16), plan.width, i + coarseness(plan, i), plan.isSigned && i + 1 == plan.bits, sum);
    }
  }
}

template <typename Lane>
void finishRows(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint8_t* message, uint64_t* share,
                uint8_t* scratch) {
  Lane* sent = reinterpret_cast<Lane*>(scratch);
  const uint8_t* end = message + part.end * itemMessageBytes(plan);
  message += part.begin * itemMessageBytes(plan);
  for (size_t item = part.begin; item < part.end; item++) {
    uint64_t* sum = share + item * plan.width;
    for (unsigned i = 0; i < plan.bits; i++) {
      message = unpackLanes(message, end, plan.width, payloadBits(plan, i), sent);
      const Lane chosen = static_cast<Lane>(-(y[item] >> i & 1));
      for (size_t e = 0; e < plan.width; e++) sent[e] &= chosen;
      addRow(sent, plan.width, i + coarseness(plan, i), plan.isSigned && i + 1 == plan.bits, sum);
    }
    for (size_t e = 0; e < plan.width; e++) sum[e] &= lowBits(plan.ringBits);
  }
}

/** 2^bit · x, x rounded with halves down: as the sender rounds -x, negated. */
struct OwnBit {
  OwnBit(const CotProductPlan& plan, unsigned bit)
      : coarse(coarseness(plan, bit)), weight(coarse + bit), half(uint64_t{1} << (coarse - 1)), mask(lowBits(plan.ringBits)) {}
  uint64_t operator()(uint64_t x) const { return -(((half - x) & mask) >> coarse << weight); }

  unsigned coarse, weight;
  uint64_t half, mask;
};

/** A multiplier without the bits that go by a coarse x. */
inline uint64_t exactFactor(const CotProductPlan& plan, uint64_t y) {
  const unsigned coarse = coarseBits(plan), rest = 64 - plan.bits;
  const uint64_t extended = plan.isSigned ? static_cast<uint64_t>(static_cast<int64_t>(y << rest) >> rest) : y & lowBits(plan.bits);
  return extended >> coarse << coarse;
}

void multiplyOwn(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint64_t* x, uint64_t* product) {
  for (size_t item = part.begin; item < part.end; item++) {
    const uint64_t* own = x + item * plan.width;
    uint64_t* sum = product + item * plan.width;
    const uint64_t exact = exactFactor(plan, y[item]);
    for (size_t e = 0; e < plan.width; e++) sum[e] = exact * own[e];
    for (unsigned bit = 0; bit < coarseBits(plan); bit++) {
      const OwnBit ownBit(plan, bit);
      const uint64_t chosen = -(y[item] >> bit & 1);
      for (size_t e = 0; e < plan.width; e++) sum[e] += ownBit(own[e]) & chosen;
    }
    for (size_t e = 0; e < plan.width; e++) sum[e] &= lowBits(plan.ringBits);
  }
}

/** Width 1: over items. */
void multiplyOwnPlane(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint64_t* x, uint64_t* product) {
  for (size_t i = part.begin; i < part.end; i++) product[i] = exactFactor(plan, y[i]) * x[i];
  for (unsigned bit = 0; bit < coarseBits(plan); bit++) {
    const OwnBit ownBit(plan, bit);
    for (size_t i = part.begin; i < part.end; i++) product[i] += ownBit(x[i]) & -(y[i] >> bit & 1);
  }
  for (size_t i = part.begin; i < part.end; i++) product[i] &= lowBits(plan.ringBits);
}

}  // namespace
}  // namespace cipherprune
