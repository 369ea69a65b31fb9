// Rows of bits selected by a random bit: XOR shares of b·x, where the sender knows a row x and the receiver the bit b that a COT chose. A COT's two
// blocks are expanded to pads as long as the row. The same COT may select a number besides: additive shares of b·y.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

/** `width` words of `bits` bits each: 64, or fewer if there is one; a number of `numberBits` bits, 0 if there is none. */
struct RowPlan {
  size_t width;
  int bits;
  int numberBits;
};

/** All rows, and then all numbers, each from a whole byte on. */
size_t selectedRowsMessageBytes(size_t count, const RowPlan& plan);

/** blocks [count · 16], x and share [count, width], y and numbers [count], null if there are none. */
void selectedRowsSend(size_t count, const RowPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      const uint64_t* x, const uint64_t* y, uint64_t* share, uint64_t* numbers, uint8_t* message);

/** The receiver's half before the answer: `share` and `numbers` hold its pads. Then the COTs are no longer needed. */
void selectedRowsBegin(size_t count, const RowPlan& plan, const uint8_t* blocks, Tweak tweak, uint64_t* share, uint64_t* numbers);

}  // namespace cipherprune
