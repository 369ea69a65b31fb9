#include "top-bit.h"

#include <cstring>
#include <vector>

#include "bit-window.h"

namespace cipherprune {

namespace {

/** Bits [0, 2·places), set in the upper half of every `period`; a word more, which windows may read. */
std::vector<uint64_t> upperHalves(size_t places, size_t period) {
  const size_t half = period / 2;
  // Of halves below a word, the same word everywhere.
  uint64_t pattern = half >= windowBits ? ~uint64_t{0} : 0;
  for (size_t j = 0; half < windowBits && j < windowBits; j++)
    if (j % period >= half) pattern |= uint64_t{1} << j;
  std::vector<uint64_t> bits(2 * places / windowBits + 2);
  for (size_t word = 0; word < bits.size(); word++)
    bits[word] = half >= windowBits && word * windowBits % period < half ? 0 : pattern;
  return bits;
}

/** A share of the table's bit at the shared place plus `shift`. */
template <size_t places>
inline uint8_t shortSum(const uint8_t* vector, const uint64_t* table, size_t shift) {
  uint64_t bits = 0;
  std::memcpy(&bits, vector, places / 8);
  return parity(bits & window(table, shift));
}

inline uint8_t longSum(const uint8_t* vector, size_t places, const uint64_t* table, size_t shift) {
  uint64_t sum = 0;
  for (size_t j = 0; j < places; j += windowBits) {
    uint64_t bits;
    std::memcpy(&bits, vector + j / 8, sizeof bits);
    sum ^= bits & window(table, shift + j);
  }
  return parity(sum);
}

inline uint8_t sumOf(const uint8_t* vector, size_t places, const uint64_t* table, size_t shift) {
  switch (places) {
    case 8: return shortSum<8>(vector, table, shift);
    case 16: return shortSum<16>(vector, table, shift);
    case 32: return shortSum<32>(vector, table, shift);
    default: return longSum(vector, places, table, shift);
  }
}

inline uint8_t bitAt(const uint8_t* vector, size_t place) { return vector[place / 8] >> place % 8 & 1; }

}  // namespace

void topBitParts(const uint64_t* d, size_t count, const TopBitPlan& plan, const uint8_t* upper, const uint8_t* lower,
                 uint8_t* top, uint8_t* changes, uint8_t* carries) {
  const size_t lows = size_t{1} << plan.lowBits, highs = size_t{1} << plan.highBits;
  const auto isHigh = upperHalves(highs, highs), isCarry = upperHalves(lows, 2 * lows);
  for (size_t i = 0; i < count; i++, upper += highs / 8, lower += lows / 8) {
    const size_t low = d[i] & (lows - 1), high = d[i] >> plan.lowBits & (highs - 1);
    top[i] = sumOf(upper, highs, isHigh.data(), high);
    // From the last place of either half a step leads into the other one.
    changes[i] = bitAt(upper, (highs / 2 - 1 - high) & (highs - 1)) ^ bitAt(upper, (highs - 1 - high) & (highs - 1));
    carries[i] = sumOf(lower, lows, isCarry.data(), low);
  }
}

}  // namespace cipherprune
