#define COT_LOOPS cotLoopsPortable
#include "cot-loops.inl"

#include <vector>

#include "src/base/cpu.h"
#include "src/base/split-items.h"

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
  // A field of the answer: one bit of all items, or one COT's row.
  const size_t values = plan.width == 1 ? plan.items : plan.width;
  size_t bytes = 0;
  for (unsigned i = 0; i < plan.bits; i++) bytes += (values * payloadBits(plan, i) + 7) / 8;
  return plan.width == 1 ? bytes : plan.items * bytes;
}

static std::vector<uint64_t> scratchFor(const CotProductPlan& plan) {
  return std::vector<uint64_t>(plan.width == 1 ? 0 : kScratchRows * (plan.width + 2));
}

/** Calls body(part, scratch) for all items. */
template <typename Body>
static void inParts(const CotProductPlan& plan, const Body& body) {
  const size_t laneBytes = plan.ringBits <= 16 ? 2 : plan.ringBits <= 32 ? 4 : 8;
  const size_t perCot = plan.width == 1 ? 1 : (plan.width * laneBytes + 15) / 16;
  splitItems(plan.items, plan.bits * perCot, [&](size_t begin, size_t end) {
    std::vector<uint64_t> scratch = scratchFor(plan);
    body(CotProductItems{begin, end}, reinterpret_cast<uint8_t*>(scratch.data()));
  });
}

void cotProductSend(const CotProductPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message) {
  inParts(plan, [&](const CotProductItems& part, uint8_t* scratch) {
    cotLoops().productSend(plan, part, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  });
}

/** random [items, bits] → y */
static void chosenItems(const CotProductPlan& plan, const uint8_t* random, uint64_t* y) {
  for (size_t i = 0; i < plan.items; i++, random += plan.bits) {
    y[i] = 0;
    for (unsigned bit = 0; bit < plan.bits; bit++) y[i] |= static_cast<uint64_t>(random[bit] & 1) << bit;
  }
}

void cotProductBegin(const CotProductPlan& plan, const uint8_t* blocks, Tweak tweak, const uint8_t* random,
                     uint64_t* y, uint64_t* share, uint8_t* corrections) {
  if (plan.width == 1)
    cotLoops().productChoices(plan, random, y, corrections);
  else if (corrections != nullptr)
    cotCorrections(y, plan.items, plan.bits, false, random, corrections);
  else
    chosenItems(plan, random, y);
  inParts(plan, [&](const CotProductItems& part, uint8_t* scratch) {
    cotLoops().productBegin(plan, part, blocks, tweak, share, scratch);
  });
}

void cotProductFinish(const CotProductPlan& plan, const uint64_t* y, const uint8_t* message, uint64_t* share) {
  inParts(plan, [&](const CotProductItems& part, uint8_t* scratch) {
    cotLoops().productFinish(plan, part, y, message, share, scratch);
  });
}

void cotProductOwn(const CotProductPlan& plan, const uint64_t* y, const uint64_t* x, uint64_t* product) {
  splitItems(plan.items, plan.width, [&](size_t begin, size_t end) {
    cotLoops().productOwn(plan, CotProductItems{begin, end}, y, x, product);
  });
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
  digits.padWords = 1;
  unsigned padBits = 0, tableBits = 0;
  for (unsigned d = 0; d < digits.count; d++) {
    // The wider digits on top, where messages are shortest.
    digits.bits[d] = width / digits.count + (d >= digits.count - width % digits.count);
    digits.shift[d] = d == 0 ? 0 : d - 1;
    digits.payload[d] = digits.count - digits.shift[d];
    tableBits += digits.payload[d] << digits.bits[d];
    digits.messageBits += ((1u << digits.bits[d]) - 1) * digits.payload[d];
    if (padBits + digits.payload[d] > 64) padBits = 0, digits.padWords++;
    digits.padWord[d] = digits.padWords - 1;
    digits.padBit[d] = padBits;
    padBits += digits.payload[d];
  }
  digits.padBits = padBits;
  digits.tableWords = (tableBits + 63) / 64;
  return digits;
}

size_t comparisonMessageBytes(size_t count, unsigned ringBits) {
  return (count * comparisonDigits(ringBits).messageBits + 7) / 8;
}

void comparisonSend(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  const size_t cots = ringBits - 1, bits = comparisonDigits(ringBits).messageBits;
  splitItems(count, cots, [&](size_t begin, size_t end) {
    cotLoops().comparisonSend(end - begin, ringBits, delta, blocks + begin * cots * 16, tweak + begin * cots, corrections + begin / 8 * cots,
                              x + begin, share + begin, message + begin / 8 * bits);
  });
}

void comparisonBegin(size_t count, unsigned ringBits, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                     uint64_t* pads) {
  const size_t cots = ringBits - 1, words = comparisonDigits(ringBits).padWords;
  splitItems(count, cots, [&](size_t begin, size_t end) {
    cotLoops().comparisonBegin(end - begin, ringBits, blocks + begin * cots * 16, tweak + begin * cots, x + begin, pads + begin * words);
  });
}

void comparisonTables(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      uint64_t* tables) {
  const size_t cots = ringBits - 1, words = comparisonDigits(ringBits).tableWords;
  splitItems(count, cots, [&](size_t begin, size_t end) {
    cotLoops().comparisonTables(end - begin, ringBits, delta, blocks + begin * cots * 16, tweak + begin * cots, tables + begin * words);
  });
}

void comparisonAnswer(size_t count, unsigned ringBits, const uint64_t* tables, const uint8_t* corrections,
                      const uint64_t* x, uint64_t* share, uint8_t* message) {
  const size_t cots = ringBits - 1;
  const ComparisonDigits digits = comparisonDigits(ringBits);
  splitItems(count, cots, [&](size_t begin, size_t end) {
    cotLoops().comparisonAnswer(end - begin, ringBits, tables + begin * digits.tableWords, corrections + begin / 8 * cots, x + begin,
                                share + begin, message + begin / 8 * digits.messageBits);
  });
}

static void finishComparisons(size_t count, unsigned ringBits, const uint64_t* x, const uint8_t* message, const uint64_t* pads,
                              uint64_t* share) {
  const ComparisonDigits digits = comparisonDigits(ringBits);
  const uint8_t* end = message + comparisonMessageBytes(count, ringBits);
  size_t position = 0;
  for (size_t item = 0; item < count; item++, pads += digits.padWords) {
    uint64_t low = ~x[item], sum = 0;
    for (unsigned d = 0; d < digits.count; d++) {
      const unsigned bits = digits.bits[d], payload = digits.payload[d];
      const size_t digit = low & lowBits(bits);
      // Message 0 is zero and not sent; reading another one in its place is masked away.
      const size_t slot = digit == 0 ? 0 : digit - 1;
      const uint64_t sent = peekBits(message, end, position + slot * payload, payload) & -static_cast<uint64_t>(digit != 0);
      const uint64_t pad = pads[digits.padWord[d]] >> digits.padBit[d];
      sum += ((sent ^ pad) & lowBits(payload)) << digits.shift[d];
      position += ((size_t{1} << bits) - 1) * payload;
      low >>= bits;
    }
    share[item] = sum & lowBits(digits.count);
  }
}

void comparisonFinish(size_t count, unsigned ringBits, const uint64_t* x, const uint8_t* message, const uint64_t* pads,
                      uint64_t* share) {
  const ComparisonDigits digits = comparisonDigits(ringBits);
  splitItems(count, ringBits - 1, [&](size_t begin, size_t end) {
    finishComparisons(end - begin, ringBits, x + begin, message + begin / 8 * digits.messageBits, pads + begin * digits.padWords,
                      share + begin);
  });
}

}  // namespace cipherprune
