#include "packed-layout.h"
#include "src/base/fail.h"

#include <algorithm>
#include <string>

namespace cipherprune {

namespace {
bool isPowerOfTwo(size_t x) { return x != 0 && (x & (x - 1)) == 0; }

void require(bool condition, const char* what) {
  if (!condition) fail(std::string("packed layout: expected ") + what);
}
}  // namespace

size_t PackedLayout::logKIn() const {
  size_t log = 0;
  while ((size_t{1} << log) < kIn) log++;
  return log;
}

size_t PackedLayout::groupProducts(size_t group) const { return std::min(kIn, products() - group * kIn); }

size_t PackedLayout::groupKIn(size_t group) const {
  size_t packed = kIn;
  while (packed > 2 && packed / 2 >= groupProducts(group)) packed /= 2;
  return packed;
}

size_t PackedLayout::wantedCoefficients(size_t group) const {
  size_t count = 0;
  for (size_t t = 0; t < groupProducts(group); t++) {
    const size_t v = (group * kIn + t) % outputBlocks();
    count += rows * std::min(kOut, outputs - v * kOut);
  }
  return count;
}

size_t PackedLayout::outputBBytes() const { return bOffsets().back() + groupBBytes(groups() - 1); }

std::vector<size_t> PackedLayout::bOffsets() const {
  std::vector<size_t> offsets(groups());
  for (size_t g = 1; g < offsets.size(); g++) offsets[g] = offsets[g - 1] + groupBBytes(g - 1);
  return offsets;
}

void PackedLayout::check(const RlweContext& context) const {
  require(n == context.n, "the context's n");
  require(isPowerOfTwo(tokens) && tokens <= n, "a power of two of tokens, at most n");
  require(rows >= 1 && rows <= tokens, "1 to `tokens` rows");
  require(isPowerOfTwo(kIn) && isPowerOfTwo(kOut) && kIn * kOut <= phi(), "powers of two with kIn·kOut <= n / tokens");
  require(batch >= 1 && inputs >= 1 && outputs >= 1, "at least one of batch, inputs and outputs");
  constexpr size_t most = size_t{1} << 24;  // no size computed from these overflows
  require(batch <= most && inputs <= most && outputs <= most, "at most 2^24 of batch, inputs and outputs");
  require(inputBlocks() <= 4096, "at most 4096 input blocks");
  require(limbs >= 1 && limbs <= context.limbs && downLimbs >= 1 && downLimbs <= packedLimbs(), "downLimbs <= limbs <= those of the context");
  require(ringBits >= 1 && ringBits <= 48, "rings of 1 to 48 bits");
  const auto isFraction = [&](int bits) { return bits > ringBits && bits <= maxFractionBits; };
  require((aBits == 0 && bBits == 0) || (isFraction(aBits) && isFraction(bBits)), "halves of more bits than the ring, at most 52");
}

}  // namespace cipherprune
