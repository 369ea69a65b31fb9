// Chooses the lanes; the including file defines COT_LOOPS, the name of its table.
#include "comparison.inl"
#include "cot-loops.h"
#include "cot-product-planes.inl"
#include "cot-product.inl"
#include "look-up.inl"

namespace cipherprune {
namespace {

void productSendAny(const CotProductPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message,
                    uint8_t* scratch) {
  if (plan.width == 1 && plan.ringBits <= 32)
    return sendPlanes<uint32_t>(plan, delta, blocks, tweak, corrections, x, top, share, message);
  if (plan.width == 1) return sendPlanes<uint64_t>(plan, delta, blocks, tweak, corrections, x, top, share, message);
  if (plan.ringBits <= 16)
    return sendRows<uint16_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  if (plan.ringBits <= 32)
    return sendRows<uint32_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  sendRows<uint64_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
}

/** random [items, bits] → y */
void chosenItems(const CotProductPlan& plan, const uint8_t* random, uint64_t* y) {
  for (size_t i = 0; i < plan.items; i++, random += plan.bits) {
    y[i] = 0;
    for (unsigned bit = 0; bit < plan.bits; bit++) y[i] |= static_cast<uint64_t>(random[bit] & 1) << bit;
  }
}

void productBeginAny(const CotProductPlan& plan, const uint8_t* blocks, Tweak tweak, const uint8_t* random,
                     uint64_t* y, uint64_t* share, uint8_t* corrections, uint8_t* scratch) {
  if (plan.width == 1) return beginPlanes(plan, blocks, tweak, random, y, share, corrections);
  if (corrections != nullptr)
    cotCorrections(y, plan.items, plan.bits, false, random, corrections);
  else
    chosenItems(plan, random, y);
  if (plan.ringBits <= 16) return beginRows<uint16_t>(plan, blocks, tweak, share, scratch);
  if (plan.ringBits <= 32) return beginRows<uint32_t>(plan, blocks, tweak, share, scratch);
  beginRows<uint64_t>(plan, blocks, tweak, share, scratch);
}

void productFinishAny(const CotProductPlan& plan, const uint64_t* y, const uint8_t* message, uint64_t* share,
                      uint8_t* scratch) {
  if (plan.width == 1 && plan.ringBits <= 32) return finishPlanes<uint32_t>(plan, y, message, share);
  if (plan.width == 1) return finishPlanes<uint64_t>(plan, y, message, share);
  if (plan.ringBits <= 16) return finishRows<uint16_t>(plan, y, message, share, scratch);
  if (plan.ringBits <= 32) return finishRows<uint32_t>(plan, y, message, share, scratch);
  finishRows<uint64_t>(plan, y, message, share, scratch);
}

void comparisonSendAny(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                       const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  if (comparisonDigits(ringBits).count <= 8)
    return sendComparisons<uint8_t>(count, ringBits, delta, blocks, tweak, corrections, x, share, message);
  sendComparisons<uint16_t>(count, ringBits, delta, blocks, tweak, corrections, x, share, message);
}

void comparisonBeginAny(size_t count, unsigned ringBits, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                        uint64_t* pads) {
  if (comparisonDigits(ringBits).count <= 8) return beginComparisons<uint8_t>(count, ringBits, blocks, tweak, x, pads);
  beginComparisons<uint16_t>(count, ringBits, blocks, tweak, x, pads);
}

}  // namespace

const CotLoops COT_LOOPS = {productSendAny, productBeginAny, productFinishAny, comparisonSendAny,
                            comparisonBeginAny, makeTables, answerComparisons, lookUpMessagesAny};

}  // namespace cipherprune
