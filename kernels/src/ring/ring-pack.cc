#include <cstring>

#include "src/base/cpu.h"
#include "ring-isa.h"

namespace cipherprune {

namespace {

void packPortable(const uint64_t* x, size_t count, int bits, uint8_t* out) {
  const uint64_t mask = ringMaskOf(bits);
  uint64_t pending = 0;  // the lowest `filled` bits wait to be written
  int filled = 0;
  for (size_t i = 0; i < count; i++) {
    const uint64_t value = x[i] & mask;
    pending |= value << filled;
    const int free = 64 - filled;
    if (bits < free) {
      filled += bits;
      continue;
    }
    for (int b = 0; b < 8; b++) *out++ = static_cast<uint8_t>(pending >> (8 * b));
    pending = free < 64 ? value >> free : 0;
    filled = bits - free;
  }
  for (int b = 0; b < filled; b += 8) *out++ = static_cast<uint8_t>(pending >> b);
}

uint64_t loadLittleEndian(const uint8_t* bytes, size_t available) {
  uint64_t word = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (available >= 8) {
    std::memcpy(&word, bytes, 8);
    return word;
  }
#endif
  for (size_t b = 0; b < 8 && b < available; b++) word |= static_cast<uint64_t>(bytes[b]) << (8 * b);
  return word;
}

/** Elements first to first + count. */
void unpackPortable(const uint8_t* bytes, size_t first, size_t count, int bits, uint64_t* out) {
  const uint64_t mask = ringMaskOf(bits);
  const size_t length = ringPackedBytes(first + count, bits);
  for (size_t i = 0; i < count; i++) {
    const size_t start = (first + i) * static_cast<size_t>(bits), byte = start / 8;
    const int shift = static_cast<int>(start % 8);
    uint64_t value = loadLittleEndian(bytes + byte, length - byte) >> shift;
    if (shift + bits > 64) value |= static_cast<uint64_t>(bytes[byte + 8]) << (64 - shift);
    out[i] = value & mask;
  }
}

/** Groups of eight elements that the wide path takes; the rest is portable. */
size_t wideGroups(size_t count, int bits) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512 && bits <= 57) return count / 8;
#endif
  return 0;
}

}  // namespace

void ringPack(const uint64_t* x, size_t count, int bits, uint8_t* out) {
  const size_t groups = wideGroups(count, bits);
#ifdef CIPHERPRUNE_X86
  if (groups > 0) ringPackAvx512(x, groups, bits, out);
#endif
  packPortable(x + 8 * groups, count - 8 * groups, bits, out + groups * static_cast<size_t>(bits));
}

void ringPackDifference(const uint64_t* x, const uint64_t* y, size_t count, int bits, uint8_t* out) {
  constexpr size_t block = 512;  // stays in the cache; its groups of eight end at a whole byte
  uint64_t difference[block];
  for (size_t done = 0; done < count; done += block) {
    const size_t length = count - done < block ? count - done : block;
    ringLoops().subtract(x + done, y + done, 1, length, ringMaskOf(bits), difference);
    ringPack(difference, length, bits, out + done / 8 * static_cast<size_t>(bits));
  }
}

void ringUnpackAdd(const uint8_t* bytes, const uint64_t* x, size_t count, int bits, uint64_t* out) {
  constexpr size_t block = 512;
  uint64_t words[block];
  for (size_t done = 0; done < count; done += block) {
    const size_t length = count - done < block ? count - done : block;
    ringUnpack(bytes + done / 8 * static_cast<size_t>(bits), 0, length, bits, words);
    ringLoops().add(x + done, words, 1, length, ringMaskOf(bits), out + done);
  }
}

void ringUnpack(const uint8_t* bytes, size_t first, size_t count, int bits, uint64_t* out) {
  // Groups of eight begin at whole bytes.
  size_t head = (8 - first % 8) % 8;
  if (head > count) head = count;
  unpackPortable(bytes, first, head, bits, out);
  const size_t groups = wideGroups(count - head, bits);
  const uint8_t* rest = bytes + (first + head) / 8 * static_cast<size_t>(bits);
#ifdef CIPHERPRUNE_X86
  if (groups > 0) ringUnpackAvx512(rest, groups, bits, out + head);
#endif
  const size_t done = head + 8 * groups;
  if (done < count) unpackPortable(bytes, first + done, count - done, bits, out + done);
}

}  // namespace cipherprune
