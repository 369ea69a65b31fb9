// Products of a value that the sender knows with bits that the receiver knows, as additive shares, from correlated
// oblivious transfer (Gilboa, CRYPTO 1999; Asharov et al., CCS 2013, section 5.1).
//
// An item is one multiplier y of `bits` bits and a row of `width` values x; bit i of y uses one COT with a payload of
// `width` elements of ringBits - i bits, since 2^i · v modulo 2^ringBits depends on no more. Shares of y · x remain.
//
// Where the lowest bits of the product will be cut off, x goes without some of its lowest bits, rounded to nearest with halves up: without
// dropped - 3 - i of them at bit i, so that each such bit of y is off by at most a sixteenth of 2^dropped.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

struct CotProductPlan {
  size_t items;
  unsigned bits;      // of a multiplier, 1 to ringBits; COTs per item
  unsigned ringBits;  // 1 to 64
  size_t width;       // values per item
  bool isSigned;      // the multiplier's top bit counts negative
  unsigned dropped = 0;  // lowest bits of the product that do not count
};

/** Bits of a multiplier, from the lowest on, that go by an x without its lowest bits: not the top one. */
inline unsigned coarseBits(const CotProductPlan& plan) {
  const unsigned most = plan.dropped < 3 ? 0 : plan.dropped - 3;
  return most < plan.bits ? most : plan.bits - 1;
}

/** Lowest bits that x lacks at a bit of the multiplier; one of the ring's is left. */
inline unsigned coarseness(const CotProductPlan& plan, unsigned bit) {
  if (bit >= coarseBits(plan)) return 0;
  const unsigned wanted = plan.dropped - 3 - bit, most = plan.ringBits - bit - 1;
  return wanted < most ? wanted : most;
}

/** Of an element of the payload of a multiplier's bit. */
inline unsigned payloadBits(const CotProductPlan& plan, unsigned bit) { return plan.ringBits - bit - coarseness(plan, bit); }

/** Items that one call of the loops works on, all by default; they begin at a multiple of 8. */
struct CotProductItems {
  size_t begin, end;
};

/** Bytes of the sender's answer: whole bytes for each bit of all items for width 1, otherwise for each COT. */
size_t cotProductMessageBytes(const CotProductPlan& plan);

/**
 * The sender's half. delta [16], blocks [items · bits · 16], corrections [ceil(items · bits / 8)] (bit c: the receiver's
 * choice XOR its random bit; c = b · items + i for bit b of item i for width 1, otherwise i · bits + b), x [items · width], and `top` likewise: what a multiplier's top bit multiplies in place of x (x
 * itself for a plain product). Writes its share [items · width] and the message.
 */
void cotProductSend(const CotProductPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message);

/**
 * The receiver's half before the answer: blocks [items · bits · 16], its random bits [items · bits], one byte 0 or 1 each, y
 * [items]. Writes the pads' part of its share [items · width] and the corrections; then the COTs are no longer needed. Where these are null
 * nothing is corrected, and y becomes what the COTs chose.
 */
void cotProductBegin(const CotProductPlan& plan, const uint8_t* blocks, Tweak tweak, const uint8_t* random,
                     uint64_t* y, uint64_t* share, uint8_t* corrections);

/**
 * y · x [items, width] of the receiver's own share x of what the sender multiplies, modulo 2^ringBits. Where bits of x are left out it is rounded with
 * halves down, so that the errors of both parties cancel where their shares add up to 0, and have no bias.
 */
void cotProductOwn(const CotProductPlan& plan, const uint64_t* y, const uint64_t* x, uint64_t* product);

/** The rest of it: y [items], message as sent; completes the share. */
void cotProductFinish(const CotProductPlan& plan, const uint64_t* y, const uint8_t* message, uint64_t* share);

/**
 * Corrections item by item: bit c = i · bits + b of the result is bit b of values[i] (of its complement with `complement`)
 * XOR random[c]. [ceil(count · bits / 8)]
 */
void cotCorrections(const uint64_t* values, size_t count, unsigned bits, bool complement, const uint8_t* random,
                    uint8_t* corrections);

}  // namespace cipherprune
