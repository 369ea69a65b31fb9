#include "selected-rows.h"

#include <vector>

#include "cot-hash.h"
#include "src/base/split-items.h"
#include "src/ring/ring.h"

namespace cipherprune {
namespace {

constexpr size_t tileBytes = 1 << 15;

/** A pad's words: one for each of the row, and one for a number. */
size_t blocksOf(const RowPlan& plan) { return (plan.width + (plan.numberBits > 0) + 1) / 2; }

/** Rows whose pads take about tileBytes; eight rows end at a whole byte of the message. */
size_t tileOf(const RowPlan& plan) {
  const size_t rows = tileBytes / (blocksOf(plan) * kBlockBytes);
  return rows < 8 ? 8 : rows & ~size_t{7};
}

size_t bytesOf(size_t count, size_t bits) { return (count * bits + 7) / 8; }

}  // namespace

size_t selectedRowsMessageBytes(size_t count, const RowPlan& plan) {
  return bytesOf(count, plan.width * static_cast<size_t>(plan.bits)) + bytesOf(count, static_cast<size_t>(plan.numberBits));
}

void selectedRowsSend(size_t count, const RowPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      const uint64_t* x, const uint64_t* y, uint64_t* share, uint64_t* numbers, uint8_t* message) {
  const size_t most = tileOf(plan), perCot = blocksOf(plan), stride = 2 * perCot, width = plan.width;
  const size_t rowBits = width * static_cast<size_t>(plan.bits), numberBits = static_cast<size_t>(plan.numberBits);
  const uint64_t mask = ringMaskOf(plan.bits);
  uint8_t* const numberMessage = message + bytesOf(count, rowBits);
  splitItems(count, perCot, [&](size_t first, size_t last) {
    std::vector<uint64_t> zero(most * stride), one(most * stride), masked(most * width), maskedNumbers(most);
    for (size_t begin = first; begin < last; begin += most) {
      const size_t rows = last - begin < most ? last - begin : most;
      cotHashPairs(blocks + begin * kBlockBytes, rows, delta, tweak + begin, perCot, reinterpret_cast<uint8_t*>(zero.data()),
                   reinterpret_cast<uint8_t*>(one.data()));
      for (size_t i = 0; i < rows; i++) {
        for (size_t w = 0; w < width; w++) {
          const uint64_t pad = zero[i * stride + w];
          share[(begin + i) * width + w] = pad & mask;
          masked[i * width + w] = (pad ^ one[i * stride + w] ^ x[(begin + i) * width + w]) & mask;
        }
      }
      ringPack(masked.data(), rows * width, plan.bits, message + bytesOf(begin, rowBits));
      if (numberBits == 0) continue;
      const uint64_t numberMask = ringMaskOf(plan.numberBits);
      for (size_t i = 0; i < rows; i++) {
        const uint64_t pad = zero[i * stride + width];
        numbers[begin + i] = (0 - pad) & numberMask;
        maskedNumbers[i] = (y[begin + i] + pad - one[i * stride + width]) & numberMask;
      }
      ringPack(maskedNumbers.data(), rows, plan.numberBits, numberMessage + bytesOf(begin, numberBits));
    }
  });
}

void selectedRowsBegin(size_t count, const RowPlan& plan, const uint8_t* blocks, Tweak tweak, uint64_t* share, uint64_t* numbers) {
  const size_t most = tileOf(plan), perCot = blocksOf(plan), stride = 2 * perCot;
  const uint64_t mask = ringMaskOf(plan.bits);
  splitItems(count, perCot, [&](size_t first, size_t last) {
    std::vector<uint64_t> pads(most * stride);
    for (size_t begin = first; begin < last; begin += most) {
      const size_t rows = last - begin < most ? last - begin : most;
      cotHash(blocks + begin * kBlockBytes, rows, tweak + begin, perCot, reinterpret_cast<uint8_t*>(pads.data()));
      for (size_t i = 0; i < rows; i++)
        for (size_t w = 0; w < plan.width; w++) share[(begin + i) * plan.width + w] = pads[i * stride + w] & mask;
      if (plan.numberBits == 0) continue;
      const uint64_t numberMask = ringMaskOf(plan.numberBits);
      for (size_t i = 0; i < rows; i++) numbers[begin + i] = pads[i * stride + plan.width] & numberMask;
    }
  });
}

}  // namespace cipherprune
