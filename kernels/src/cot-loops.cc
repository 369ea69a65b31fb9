#define COT_LOOPS cotLoopsPortable
#include "src/cot-loops.inl"

#include <vector>

#include "src/cpu.h"

namespace cipherprune {

const CotLoops& cotLoops() {
#ifdef CIPHERPRUNE_X86
  switch (activeIsa()) {
    case Isa::avx512:
      return cotLoopsAvx512;
    case Isa::avx2:
      return cotLoopsAvx2;
    default:
      break;
  }
#endif
  return cotLoopsPortable;
}

size_t cotProductMessageBytes(const CotProductPlan& plan) {
  size_t itemBits = 0, itemBytes = 0;
  for (unsigned i = 0; i < plan.bits; i++) {
    itemBits += plan.ringBits - i;
    itemBytes += (plan.width * (plan.ringBits - i) + 7) / 8;
  }
  return plan.width == 1 ? (plan.items * itemBits + 7) / 8 : plan.items * itemBytes;
}

static std::vector<uint64_t> scratchFor(const CotProductPlan& plan) {
  return std::vector<uint64_t>(plan.width == 1 ? 0 : 5 * (plan.width + 2));
}

void cotProductSend(const CotProductPlan& plan, const uint8_t* delta, const uint8_t* blocks, uint64_t tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message) {
  std::vector<uint64_t> scratch = scratchFor(plan);
  cotLoops().productSend(plan, delta, blocks, tweak, corrections, x, top, share, message,
                         reinterpret_cast<uint8_t*>(scratch.data()));
}

void cotProductReceive(const CotProductPlan& plan, const uint8_t* blocks, uint64_t tweak, const uint64_t* y,
                       const uint8_t* message, uint64_t* share) {
  std::vector<uint64_t> scratch = scratchFor(plan);
  cotLoops().productReceive(plan, blocks, tweak, y, message, share, reinterpret_cast<uint8_t*>(scratch.data()));
}

void cotCorrections(const uint64_t* values, size_t count, unsigned bits, bool complement, const uint8_t* random,
                    uint8_t* corrections) {
  const uint64_t flip = complement ? ~uint64_t{0} : 0;
  BitWriter writer{corrections, corrections + (count * bits + 7) / 8};
  for (size_t i = 0; i < count; i++, random += bits) {
    uint64_t choices = (values[i] ^ flip) & lowBits(bits);
    for (unsigned b = 0; b < bits; b++) choices ^= static_cast<uint64_t>(random[b] & 1) << b;
    writer.put(choices, bits);
  }
  writer.align();
}

ComparisonDigits comparisonDigits(unsigned ringBits) {
  ComparisonDigits digits{};
  const unsigned width = ringBits - 1;
  digits.count = (width + comparisonDigitBits - 1) / comparisonDigitBits;
  for (unsigned d = 0; d < digits.count; d++) {
    // The wider digits on top, where messages are shortest.
    digits.bits[d] = width / digits.count + (d >= digits.count - width % digits.count);
    digits.shift[d] = d == 0 ? 0 : d - 1;
    digits.payload[d] = digits.count - digits.shift[d];
    digits.messageBits += ((1u << digits.bits[d]) - 1) * digits.payload[d];
  }
  return digits;
}

size_t comparisonMessageBytes(size_t count, unsigned ringBits) {
  return (count * comparisonDigits(ringBits).messageBits + 7) / 8;
}

void comparisonSend(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, uint64_t tweak,
                    const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  cotLoops().comparisonSend(count, ringBits, delta, blocks, tweak, corrections, x, share, message);
}

void comparisonReceive(size_t count, unsigned ringBits, const uint8_t* blocks, uint64_t tweak, const uint64_t* x,
                       const uint8_t* message, uint64_t* share) {
  cotLoops().comparisonReceive(count, ringBits, blocks, tweak, x, message, share);
}

}  // namespace cipherprune
