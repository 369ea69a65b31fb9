// Rows of bits selected by a bit: XOR shares of b·x, where the sender knows a row x and the receiver b. A COT's two blocks are expanded to pads as
// long as the row.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

/** `width` words of `bits` bits each: 64, or fewer if there is one. */
struct RowPlan {
  size_t width;
  int bits;
};

size_t selectedRowsMessageBytes(size_t count, const RowPlan& plan);

/** blocks [count · 16], x and share [count, width]. By `corrections` the receiver's choices differ from its random bits. */
void selectedRowsSend(size_t count, const RowPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message);

/** The receiver's half before the answer: `share` holds its pads. Then the COTs are no longer needed. */
void selectedRowsBegin(size_t count, const RowPlan& plan, const uint8_t* blocks, Tweak tweak, uint64_t* share);

}  // namespace cipherprune
