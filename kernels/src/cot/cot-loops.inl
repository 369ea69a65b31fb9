// Chooses the lanes; the including file defines COT_LOOPS, the name of its table.
#include "comparison.inl"
#include "cot-loops.h"
#include "cot-product-planes.inl"
#include "cot-product.inl"
#include "look-up.inl"

namespace cipherprune {
namespace {

void productSendAny(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message,
                    uint8_t* scratch) {
  if (plan.width == 1 && plan.ringBits <= 32)
    return sendPlanes<uint32_t>(plan, part, delta, blocks, tweak, corrections, x, top, share, message);
  if (plan.width == 1) return sendPlanes<uint64_t>(plan, part, delta, blocks, tweak, corrections, x, top, share, message);
  if (plan.ringBits <= 16)
    return sendRows<uint16_t>(plan, part, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  if (plan.ringBits <= 32)
    return sendRows<uint32_t>(plan, part, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  sendRows<uint64_t>(plan, part, delta, blocks, tweak, corrections, x, top, share, message, scratch);
}

void productBeginAny(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* blocks, Tweak tweak, uint64_t* share,
                     uint8_t* scratch) {
  if (plan.width == 1) return beginPlanes(plan, part, blocks, tweak, share);
  if (plan.ringBits <= 16) return beginRows<uint16_t>(plan, part, blocks, tweak, share, scratch);
  if (plan.ringBits <= 32) return beginRows<uint32_t>(plan, part, blocks, tweak, share, scratch);
  beginRows<uint64_t>(plan, part, blocks, tweak, share, scratch);
}

void productFinishAny(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint8_t* message, uint64_t* share,
                      uint8_t* scratch) {
  if (plan.width == 1 && plan.ringBits <= 32) return finishPlanes<uint32_t>(plan, part, y, message, share);
  if (plan.width == 1) return finishPlanes<uint64_t>(plan, part, y, message, share);
  if (plan.ringBits <= 16) return finishRows<uint16_t>(plan, part, y, message, share, scratch);
  if (plan.ringBits <= 32) return finishRows<uint32_t>(plan, part, y, message, share, scratch);
  finishRows<uint64_t>(plan, part, y, message, share, scratch);
}

void productOwnAny(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint64_t* x, uint64_t* product) {
  if (plan.width == 1) return multiplyOwnPlane(plan, part, y, x, product);
  multiplyOwn(plan, part, y, x, product);
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

const CotLoops COT_LOOPS = {productSendAny, productBeginAny, choosePlanes, productFinishAny, productOwnAny, comparisonSendAny,
                            comparisonBeginAny, makeTables, answerComparisons, lookUpMessagesAny};

}  // namespace cipherprune
