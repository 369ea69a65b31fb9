// A little-endian stream of bit fields, the form in which the leaf protocols send their messages. Neither side touches
// memory beyond `end`. Static on purpose: files for one instruction set include this.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {
namespace {

inline uint64_t lowBits(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

/** Appends fields; values have no bit set beyond their width. */
struct BitWriter {
  uint8_t* out;
  uint8_t* end;
  uint64_t pending = 0;
  unsigned fill = 0;  // below 8 between calls

  /** At most 56 bits. */
  inline void putShort(uint64_t value, unsigned bits) {
    pending |= value << fill;
    fill += bits;
    store();
    out += fill >> 3;
    pending >>= fill & ~7u;
    fill &= 7;
  }

  inline void put(uint64_t value, unsigned bits) {
    if (bits > 56) {
      putShort(value & 0xffffffffu, 32);
      putShort(value >> 32, bits - 32);
    } else {
      putShort(value, bits);
    }
  }

  /** Closes the current byte. */
  inline void align() {
    if (fill == 0) return;
    *out++ = static_cast<uint8_t>(pending);
    pending = 0;
    fill = 0;
  }

 private:
  inline void store() {
    if (end - out >= 8) {
      __builtin_memcpy(out, &pending, 8);
    } else {
      for (unsigned byte = 0; byte * 8 + 8 <= fill; byte++) out[byte] = static_cast<uint8_t>(pending >> (byte * 8));
    }
  }
};

/** Reads `bits` bits, at most 57, at a bit position. */
inline uint64_t peekBits(const uint8_t* bytes, const uint8_t* end, size_t position, unsigned bits) {
  const uint8_t* from = bytes + (position >> 3);
  uint64_t word = 0;
  if (end - from >= 8) {
    __builtin_memcpy(&word, from, 8);
  } else {
    for (unsigned byte = 0; from + byte < end; byte++) word |= static_cast<uint64_t>(from[byte]) << (byte * 8);
  }
  return (word >> (position & 7)) & lowBits(bits);
}

struct BitReader {
  const uint8_t* bytes;
  const uint8_t* end;
  size_t position = 0;

  inline uint64_t take(unsigned bits) {
    uint64_t value;
    if (bits > 56) {
      value = peekBits(bytes, end, position, 32) | peekBits(bytes, end, position + 32, bits - 32) << 32;
    } else {
      value = peekBits(bytes, end, position, bits);
    }
    position += bits;
    return value;
  }

  inline void align() { position = (position + 7) & ~size_t{7}; }
};

}  // namespace
}  // namespace cipherprune
