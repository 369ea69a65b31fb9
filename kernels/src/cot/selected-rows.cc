#include "selected-rows.h"

#include <vector>

#include "cot-hash.h"
#include "src/ring/ring.h"

namespace cipherprune {
namespace {

constexpr size_t tileBytes = 1 << 15;

size_t blocksOf(const RowPlan& plan) {
  return (plan.width * static_cast<size_t>(plan.bits) + 8 * kBlockBytes - 1) / (8 * kBlockBytes);
}

/** Rows whose pads take about tileBytes; eight rows end at a whole byte of the message. */
size_t tileOf(const RowPlan& plan) {
  const size_t rows = tileBytes / (blocksOf(plan) * kBlockBytes);
  return rows < 8 ? 8 : rows & ~size_t{7};
}

}  // namespace

size_t selectedRowsMessageBytes(size_t count, const RowPlan& plan) {
  return (count * plan.width * static_cast<size_t>(plan.bits) + 7) / 8;
}

void selectedRowsSend(size_t count, const RowPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  const size_t most = tileOf(plan), perCot = blocksOf(plan), stride = 2 * perCot;
  const uint64_t mask = ringMaskOf(plan.bits);
  std::vector<uint64_t> zero(most * stride), one(most * stride), masked(most * plan.width);
  for (size_t begin = 0; begin < count; begin += most) {
    const size_t rows = count - begin < most ? count - begin : most;
    cotHashPairs(blocks + begin * kBlockBytes, rows, delta, tweak + begin, perCot, reinterpret_cast<uint8_t*>(zero.data()),
                 reinterpret_cast<uint8_t*>(one.data()));
    for (size_t i = 0; i < rows; i++) {
      const uint64_t flip = 0 - static_cast<uint64_t>(corrections[(begin + i) / 8] >> (begin + i) % 8 & 1);
      for (size_t w = 0; w < plan.width; w++) {
        const uint64_t pad = zero[i * stride + w], both = pad ^ one[i * stride + w];
        share[(begin + i) * plan.width + w] = (pad ^ (flip & both)) & mask;
        masked[i * plan.width + w] = (both ^ x[(begin + i) * plan.width + w]) & mask;
      }
    }
    ringPack(masked.data(), rows * plan.width, plan.bits, message + selectedRowsMessageBytes(begin, plan));
  }
}

void selectedRowsBegin(size_t count, const RowPlan& plan, const uint8_t* blocks, Tweak tweak, uint64_t* share) {
  const size_t most = tileOf(plan), perCot = blocksOf(plan), stride = 2 * perCot;
  const uint64_t mask = ringMaskOf(plan.bits);
  std::vector<uint64_t> pads(most * stride);
  for (size_t begin = 0; begin < count; begin += most) {
    const size_t rows = count - begin < most ? count - begin : most;
    cotHash(blocks + begin * kBlockBytes, rows, tweak + begin, perCot, reinterpret_cast<uint8_t*>(pads.data()));
    for (size_t i = 0; i < rows; i++)
      for (size_t w = 0; w < plan.width; w++) share[(begin + i) * plan.width + w] = pads[i * stride + w] & mask;
  }
}

}  // namespace cipherprune
