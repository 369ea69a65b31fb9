#include "sampler.h"

#include <cstring>

#include "src/ntt/ntt.h"

namespace cipherprune {

void Sampler::seek(uint64_t index) { block = index << 24; }

const uint8_t* Sampler::take(size_t byteLength) {
  if (buffer.size() < byteLength + 8) buffer.resize(byteLength + 8);
  prgFill(key, block, buffer.data(), byteLength);
  block += (byteLength + kBlockBytes - 1) / kBlockBytes;
  return buffer.data();
}

void Sampler::uniform(const Modulus& modulus, size_t count, uint32_t* out) {
  for (size_t done = 0; done < count;) {
    const size_t wanted = count - done, words = wanted + wanted / 16 + 16;
    done += polyLoops().keepResidues(take(4 * words), words, modulus, wanted, out + done);
  }
}

void Sampler::ternary(size_t count, int32_t* out) {
  const uint8_t* bytes = take(8 * count);
  for (size_t i = 0; i < count; i++) {
    uint64_t word;
    std::memcpy(&word, bytes + 8 * i, 8);
    // floor(3 · word / 2^64) by halves.
    const uint64_t high = (word >> 32) * 3 + (((word & 0xffffffffu) * 3) >> 32);
    out[i] = static_cast<int32_t>(high >> 32) - 1;
  }
}

void Sampler::error(size_t count, int32_t* out) {
  const uint8_t* bytes = take(6 * count);
  for (size_t i = 0; i < count; i++) {
    uint64_t word;
    std::memcpy(&word, bytes + 6 * i, 8);
    // Bits 0-20 and 21-41 side by side in two halves, then their population counts at once.
    uint64_t pair = (word & 0x1fffff) | ((word >> 21 & 0x1fffff) << 32);
    pair -= pair >> 1 & 0x5555555555555555u;
    pair = (pair & 0x3333333333333333u) + (pair >> 2 & 0x3333333333333333u);
    pair = (pair + (pair >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    pair += (pair >> 8) + (pair >> 16);
    out[i] = static_cast<int32_t>(pair & 0xff) - static_cast<int32_t>(pair >> 32 & 0xff);
  }
}

void Sampler::digits(int bits, size_t count, uint32_t* out) {
  const uint8_t* bytes = take(4 * count);
  const uint32_t mask = (1u << bits) - 1;
  for (size_t i = 0; i < count; i++) {
    uint32_t word;
    std::memcpy(&word, bytes + 4 * i, 4);
    out[i] = word & mask;
  }
}

}  // namespace cipherprune
