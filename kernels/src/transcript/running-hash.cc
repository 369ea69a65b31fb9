#include "running-hash.h"

#include <algorithm>
#include <cstring>

#include "src/base/cpu.h"

namespace cipherprune {

namespace {

uint32_t wordAt(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

void nhBlockPortable(const uint8_t* key, const uint8_t* block, uint64_t* sums) {
  uint64_t sum[kNhPasses] = {};
  for (size_t at = 0; at < kNhBlockBytes; at += 8) {
    const uint32_t first = wordAt(block + at), second = wordAt(block + at + 4);
    for (size_t pass = 0; pass < kNhPasses; pass++) {
      const uint8_t* keys = key + at + 8 * pass;
      sum[pass] += static_cast<uint64_t>(first + wordAt(keys)) * (second + wordAt(keys + 4));
    }
  }
  std::memcpy(sums, sum, sizeof sum);
}

NhBlock activeNhBlock() {
#ifdef CIPHERPRUNE_X86
  const Isa isa = activeIsa();
  if (isa == Isa::avx512) return nhBlockAvx512;
  if (isa == Isa::avx2) return nhBlockAvx2;
#endif
  return nhBlockPortable;
}

constexpr uint64_t kLimb = (uint64_t{1} << 26) - 1;

/** r as Poly1305 clamps it. */
struct PolyKey {
  uint64_t r[5];

  explicit PolyKey(const uint8_t* key) {
    static const uint32_t clamp[4] = {0x0fffffff, 0x0ffffffc, 0x0ffffffc, 0x0ffffffc};
    uint64_t words[4];
    for (int i = 0; i < 4; i++) words[i] = wordAt(key + 4 * i) & clamp[i];
    r[0] = words[0] & kLimb;
    r[1] = (words[0] >> 26 | words[1] << 6) & kLimb;
    r[2] = (words[1] >> 20 | words[2] << 12) & kLimb;
    r[3] = (words[2] >> 14 | words[3] << 18) & kLimb;
    r[4] = words[3] >> 8;
  }
};

/** h = (h + c) · r modulo 2^130 - 5, c being the two words and 2^128. */
void polyStep(uint64_t* h, const PolyKey& key, uint64_t low, uint64_t high) {
  h[0] += low & kLimb;
  h[1] += (low >> 26) & kLimb;
  h[2] += (low >> 52 | high << 12) & kLimb;
  h[3] += (high >> 14) & kLimb;
  h[4] += high >> 40 | uint64_t{1} << 24;
  uint64_t product[5];
  for (int i = 0; i < 5; i++) {
    product[i] = 0;
    for (int j = 0; j < 5; j++) product[i] += h[j] * (j <= i ? key.r[i - j] : 5 * key.r[5 + i - j]);
  }
  uint64_t carry = 0;
  for (int i = 0; i < 5; i++) {
    product[i] += carry;
    carry = product[i] >> 26;
    h[i] = product[i] & kLimb;
  }
  h[0] += 5 * carry;
  h[1] += h[0] >> 26;
  h[0] &= kLimb;
}

void absorbBlock(NhBlock nhBlock, const uint8_t* key, const PolyKey& poly, uint64_t* limbs, const uint8_t* block) {
  uint64_t sums[kNhPasses];
  nhBlock(key, block, sums);
  polyStep(limbs, poly, sums[0], sums[1]);
  polyStep(limbs, poly, sums[2], sums[3]);
}

/** The one value below 2^130 - 5. */
void canonical(uint64_t* h) {
  for (int pass = 0; pass < 2; pass++) {
    uint64_t carry = 0;
    for (int i = 0; i < 5; i++) {
      h[i] += carry;
      carry = h[i] >> 26;
      h[i] &= kLimb;
    }
    h[0] += 5 * carry;
  }
  uint64_t reduced[5], carry = 5;
  for (int i = 0; i < 5; i++) {
    reduced[i] = h[i] + carry;
    carry = reduced[i] >> 26;
    reduced[i] &= kLimb;
  }
  const uint64_t isReduced = -carry;
  for (int i = 0; i < 5; i++) h[i] = (h[i] & ~isReduced) | (reduced[i] & isReduced);
}

}  // namespace

void runningHashUpdate(const uint8_t* key, RunningHashState* state, const uint8_t* bytes, size_t count) {
  const PolyKey poly(key + kNhKeyBytes);
  const NhBlock nhBlock = activeNhBlock();
  const size_t held = state->length % kNhBlockBytes;
  state->length += count;
  if (held > 0) {
    const size_t taken = std::min(count, kNhBlockBytes - held);
    std::memcpy(state->partial + held, bytes, taken);
    bytes += taken;
    count -= taken;
    if (held + taken < kNhBlockBytes) return;
    absorbBlock(nhBlock, key, poly, state->limbs, state->partial);
  }
  for (; count >= kNhBlockBytes; bytes += kNhBlockBytes, count -= kNhBlockBytes)
    absorbBlock(nhBlock, key, poly, state->limbs, bytes);
  if (count > 0) std::memcpy(state->partial, bytes, count);
}

void runningHashDigest(const uint8_t* key, const RunningHashState& state, uint8_t* digest) {
  uint64_t limbs[5];
  std::memcpy(limbs, state.limbs, sizeof limbs);
  const size_t held = state.length % kNhBlockBytes;
  if (held > 0) {
    uint8_t block[kNhBlockBytes] = {};
    std::memcpy(block, state.partial, held);
    absorbBlock(activeNhBlock(), key, PolyKey(key + kNhKeyBytes), limbs, block);
  }
  canonical(limbs);
  const uint64_t words[4] = {limbs[0] | limbs[1] << 26 | limbs[2] << 52, limbs[2] >> 12 | limbs[3] << 14 | limbs[4] << 40,
                             limbs[4] >> 24, state.length};
  std::memcpy(digest, words, sizeof words);
}

}  // namespace cipherprune
