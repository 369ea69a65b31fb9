// Sixteen blocks at a time in portable C++; see aes-bitsliced.h.
#pragma once

#include <cstring>

#include "src/prg.h"
#include "src/prg/aes-bitsliced.h"

namespace cipherprune {
namespace {

/** bits[b][row]: bit 7 - b of the four bytes of a row, sixteen blocks each: word bit 16·column + block. */
struct Sliced {
  uint64_t bits[8][4];
};

inline uint64_t loadWord(const uint8_t* p) {
  uint64_t w = 0;
  for (int i = 0; i < 8; i++) w |= static_cast<uint64_t>(p[i]) << (8 * i);
  return w;
}

inline void storeWord(uint8_t* p, uint64_t w) {
  for (int i = 0; i < 8; i++) p[i] = static_cast<uint8_t>(w >> (8 * i));
}

/** Transposes 8 × 8 bits: bit 8r + c goes to 8c + r (Hacker's Delight, section 7-3). */
inline uint64_t transpose8(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
  return x ^ t ^ (t << 28);
}

inline void slice(const uint8_t* blocks, Sliced* s) {
  memset(s, 0, sizeof *s);
  for (int position = 0; position < 16; position++) {
    const int row = position % 4, column = position / 4;
    for (int half = 0; half < 2; half++) {
      uint64_t bytes = 0;
      for (int j = 0; j < 8; j++) bytes |= static_cast<uint64_t>(blocks[(half * 8 + j) * 16 + position]) << (8 * j);
      bytes = transpose8(bytes);
      for (int b = 0; b < 8; b++)
        s->bits[b][row] |= ((bytes >> (8 * (7 - b))) & 0xff) << (16 * column + 8 * half);
    }
  }
}

inline void unslice(const Sliced& s, uint8_t* blocks) {
  for (int position = 0; position < 16; position++) {
    const int row = position % 4, column = position / 4;
    for (int half = 0; half < 2; half++) {
      uint64_t bytes = 0;
      for (int b = 0; b < 8; b++)
        bytes |= ((s.bits[b][row] >> (16 * column + 8 * half)) & 0xff) << (8 * (7 - b));
      bytes = transpose8(bytes);
      for (int j = 0; j < 8; j++) blocks[(half * 8 + j) * 16 + position] = static_cast<uint8_t>(bytes >> (8 * j));
    }
  }
}

/** Two words at once where the compiler has 128-bit vectors (SSE2, NEON). */
typedef uint64_t Pair __attribute__((vector_size(16)));

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

  /** Every key bit spread over the sixteen blocks. */
  static Keys keys(const uint8_t* roundKeys) {
    Keys keys;
    for (int r = 0; r < 11; r++) {
      for (int b = 0; b < 8; b++)
        for (int row = 0; row < 4; row++) {
          uint64_t word = 0;
          for (int column = 0; column < 4; column++) {
            const uint64_t bit = (roundKeys[16 * r + 4 * column + row] >> (7 - b)) & 1;
            word |= ((0 - bit) & 0xffff) << (16 * column);
          }
          keys.round[r].bits[b][row] = word;
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
