// Products of a value that the sender knows with bits that the receiver knows, as additive shares, from correlated
// oblivious transfer (Gilboa, CRYPTO 1999; Asharov et al., CCS 2013, section 5.1).
//
// An item is one multiplier y of `bits` bits and a row of `width` values x; bit i of y uses one COT with a payload of
// `width` elements of ringBits - i bits, since 2^i · v modulo 2^ringBits depends on no more. Shares of y · x remain.
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
};

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

/** The rest of it: y [items], message as sent; completes the share. */
void cotProductFinish(const CotProductPlan& plan, const uint64_t* y, const uint8_t* message, uint64_t* share);

/**
 * Corrections item by item: bit c = i · bits + b of the result is bit b of values[i] (of its complement with `complement`)
 * XOR random[c]. [ceil(count · bits / 8)]
 */
void cotCorrections(const uint64_t* values, size_t count, unsigned bits, bool complement, const uint8_t* random,
                    uint8_t* corrections);

}  // namespace cipherprune
