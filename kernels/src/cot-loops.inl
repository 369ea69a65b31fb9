// Chooses the lanes; the including file defines COT_LOOPS, the name of its table.
#include "src/comparison.inl"
#include "src/cot-loops.h"
#include "src/cot-product.inl"

namespace cipherprune {
namespace {

void productSendAny(const CotProductPlan& plan, const uint8_t* delta, const uint8_t* blocks, uint64_t tweak,
                    const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message,
                    uint8_t* scratch) {
  if (plan.width == 1) return sendSingles(plan, delta, blocks, tweak, corrections, x, top, share, message);
  if (plan.ringBits <= 16)
    return sendRows<uint16_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  if (plan.ringBits <= 32)
    return sendRows<uint32_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
  sendRows<uint64_t>(plan, delta, blocks, tweak, corrections, x, top, share, message, scratch);
}

void productReceiveAny(const CotProductPlan& plan, const uint8_t* blocks, uint64_t tweak, const uint64_t* y,
                       const uint8_t* message, uint64_t* share, uint8_t* scratch) {
  if (plan.width == 1) return receiveSingles(plan, blocks, tweak, y, message, share);
  if (plan.ringBits <= 16) return receiveRows<uint16_t>(plan, blocks, tweak, y, message, share, scratch);
  if (plan.ringBits <= 32) return receiveRows<uint32_t>(plan, blocks, tweak, y, message, share, scratch);
  receiveRows<uint64_t>(plan, blocks, tweak, y, message, share, scratch);
}

void comparisonSendAny(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, uint64_t tweak,
                       const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  if (comparisonDigits(ringBits).count <= 8)
    return sendComparisons<uint8_t>(count, ringBits, delta, blocks, tweak, corrections, x, share, message);
  sendComparisons<uint16_t>(count, ringBits, delta, blocks, tweak, corrections, x, share, message);
}

void comparisonReceiveAny(size_t count, unsigned ringBits, const uint8_t* blocks, uint64_t tweak, const uint64_t* x,
                          const uint8_t* message, uint64_t* share) {
  if (comparisonDigits(ringBits).count <= 8)
    return receiveComparisons<uint8_t>(count, ringBits, blocks, tweak, x, message, share);
  receiveComparisons<uint16_t>(count, ringBits, blocks, tweak, x, message, share);
}

}  // namespace

const CotLoops COT_LOOPS = {productSendAny, productReceiveAny, comparisonSendAny, comparisonReceiveAny};

}  // namespace cipherprune
