// Sixteen blocks at a time in portable C++; see aes-bitsliced.h.
#pragma once

#include <cstring>

#include "prg.h"
#include "aes-bitsliced.h"

namespace cipherprune {
namespace {

/** bits[b][row]: bit 7 - b of the four bytes of a row, sixteen blocks each: word bit 16·column + block. */
struct Sliced {
  uint64_t bits[8][4];
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read from memory as they are");

inline uint64_t loadWord(const uint8_t* p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

inline void storeWord(uint8_t* p, uint64_t word) { memcpy(p, &word, 8); }

/** Transposes 8 × 8 bits: bit 8r + c goes to 8c + r (Hacker's Delight, section 7-3). */
inline uint64_t transpose8(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
  return x ^ t ^ (t << 28);
}

/** Two words at once where the compiler has 128-bit vectors (SSE2, NEON). */
typedef uint64_t Pair __attribute__((vector_size(16)));

template <int distance>
inline void swapBits(Pair* words, uint64_t mask) {
  const Pair masks = {mask, mask};
  for (int i = 0; i < 16; i++) {
    if (i & distance) continue;
    const Pair t = ((words[i] >> distance) ^ words[i + distance]) & masks;
    words[i] ^= t << distance;
    words[i + distance] ^= t;
  }
}

/** Transposes the 16 × 16 bits of each 16-bit lane of sixteen words: bit j of word i goes to bit i of word j. */
inline void transpose16(Pair* words) {
  swapBits<1>(words, 0x5555555555555555ULL);
  swapBits<2>(words, 0x3333333333333333ULL);
  swapBits<4>(words, 0x0f0f0f0f0f0f0f0fULL);
  swapBits<8>(words, 0x00ff00ff00ff00ffULL);
}

/** Lanes 0 and 2 of a to lanes 0 and 1, those of b to lanes 2 and 3. */
inline uint64_t gatherEven(uint64_t a, uint64_t b) {
  return (a & 0xffff) | ((a >> 16) & 0xffff0000) | ((b & 0xffff) << 32) | ((b << 16) & 0xffff000000000000ULL);
}

/** Lanes 0 and 1, each followed by an empty lane. */
inline uint64_t spreadEven(uint64_t w) { return (w & 0xffff) | ((w & 0xffff0000) << 16); }

/** After the transposition, lane l of word i is bit i % 8 of byte 2l + i / 8 (of the first or the last eight bytes), one
 *  bit for each block; byte p is in row p % 4, column p / 4. */
inline void slice(const uint8_t* blocks, Sliced* s) {
  Pair words[16];  // the first and the last eight bytes of a block
  memcpy(words, blocks, sizeof words);
  transpose16(words);
  for (int i = 0; i < 16; i++) {
    uint64_t* rows = s->bits[7 - i % 8];
    rows[i / 8] = gatherEven(words[i][0], words[i][1]);
    rows[i / 8 + 2] = gatherEven(words[i][0] >> 16, words[i][1] >> 16);
  }
}

inline void unslice(const Sliced& s, uint8_t* blocks) {
  Pair words[16];
  for (int i = 0; i < 16; i++) {
    const uint64_t low = s.bits[7 - i % 8][i / 8], high = s.bits[7 - i % 8][i / 8 + 2];
    words[i] = Pair{spreadEven(low) | (spreadEven(high) << 16), spreadEven(low >> 32) | (spreadEven(high >> 32) << 16)};
  }
  transpose16(words);
  memcpy(blocks, words, sizeof words);
}

inline void subBytes(Sliced* s) {
  for (int half = 0; half < 4; half += 2) {
    Pair x[8];
    for (int b = 0; b < 8; b++) memcpy(&x[b], &s->bits[b][half], 16);
    sBox(x);
    for (int b = 0; b < 8; b++) memcpy(&s->bits[b][half], &x[b], 16);
  }
}

/** Row r moves left by r columns. */
inline void shiftRows(Sliced* s) {
  for (int b = 0; b < 8; b++)
    for (int row = 1; row < 4; row++) {
      const uint64_t w = s->bits[b][row];
      s->bits[b][row] = (w >> (16 * row)) | (w << (64 - 16 * row));
    }
}

/** out[row] = 2·a[row] + 3·a[row+1] + a[row+2] + a[row+3] = 2·(a[row] + a[row+1]) + a[row+1] + a[row+2] + a[row+3]. */
inline void mixColumns(Sliced* s) {
  Sliced in = *s;
  for (int row = 0; row < 4; row++) {
    const int r1 = (row + 1) % 4, r2 = (row + 2) % 4, r3 = (row + 3) % 4;
    const uint64_t carry = in.bits[0][row] ^ in.bits[0][r1];
    for (int b = 0; b < 8; b++) {
      // doubling shifts towards the top bit (b = 0) and folds the carry into bits 0, 1, 3, 4
      uint64_t twice = b == 7 ? carry : in.bits[b + 1][row] ^ in.bits[b + 1][r1];
      if (b == 6 || b == 4 || b == 3) twice ^= carry;
      s->bits[b][row] = twice ^ in.bits[b][r1] ^ in.bits[b][r2] ^ in.bits[b][r3];
    }
  }
}

inline void addRoundKey(Sliced* s, const Sliced& key) {
  for (int b = 0; b < 8; b++)
    for (int row = 0; row < 4; row++) s->bits[b][row] ^= key.bits[b][row];
}

struct BitslicedEngine {
  struct Vector {
    uint64_t low, high;
  };
  static constexpr int kLanes = 1;
  static constexpr int kBatch = 16;
  struct Keys {
    Sliced round[11];
  };

  /** Every key bit spread over the sixteen blocks: the four bytes of a row side by side, one bit of all at a time. */
  static Keys keys(const uint8_t* roundKeys) {
    Keys keys;
    for (int r = 0; r < 11; r++)
      for (int row = 0; row < 4; row++) {
        uint64_t bytes = 0;
        for (int column = 0; column < 4; column++)
          bytes |= static_cast<uint64_t>(roundKeys[16 * r + 4 * column + row]) << (16 * column);
        for (int b = 0; b < 8; b++) {
          const uint64_t lowest = (bytes >> (7 - b)) & 0x0001000100010001ULL;
          keys.round[r].bits[b][row] = (lowest << 16) - lowest;
        }
      }
    return keys;
  }

  static Vector load(const uint8_t* p) { return {loadWord(p), loadWord(p + 8)}; }
  static void store(uint8_t* p, Vector v) {
    storeWord(p, v.low);
    storeWord(p + 8, v.high);
  }
  static Vector exclusiveOr(Vector a, Vector b) { return {a.low ^ b.low, a.high ^ b.high}; }
  static Vector zero() { return {0, 0}; }
  static Vector broadcast(const uint8_t* p) { return load(p); }
  static Vector swapHalves(Vector v) { return {v.high, v.low}; }
  static Vector tweak(uint64_t low, uint64_t high) { return {low, high}; }
  static Vector sigma(Vector v) { return {v.low ^ v.high, v.low}; }
  static void storeInterleaved(uint8_t* p, Vector left, Vector right) {
    store(p, left);
    store(p + kBlockBytes, right);
  }

  static void encrypt(Vector* state, const Keys& keys) {
    uint8_t blocks[kBatch * kBlockBytes];
    for (int v = 0; v < kBatch; v++) store(blocks + v * kBlockBytes, state[v]);
    Sliced s;
    slice(blocks, &s);
    addRoundKey(&s, keys.round[0]);
    for (int r = 1; r <= 10; r++) {
      subBytes(&s);
      shiftRows(&s);
      if (r < 10) mixColumns(&s);
      addRoundKey(&s, keys.round[r]);
    }
    unslice(s, blocks);
    for (int v = 0; v < kBatch; v++) state[v] = load(blocks + v * kBlockBytes);
  }
};

}  // namespace
}  // namespace cipherprune
