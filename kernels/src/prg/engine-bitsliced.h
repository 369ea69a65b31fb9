// Sixteen blocks at a time in portable C++; see aes-bitsliced.h.
#pragma once

#include <cstring>

#include "aes-bitsliced.h"
#include "prg.h"
#include "src/base/lanes.h"

namespace cipherprune {
namespace {

/** The given columns of blocks of a (0 to 7) and b (8 to 15). */
template <int... lanes>
inline Pair pick(Pair a, Pair b) {
  return reinterpret_cast<Pair>(shuffled<lanes...>(reinterpret_cast<Lanes16>(a), reinterpret_cast<Lanes16>(b)));
}

/** bits[b][half]: bit 7 - b of the bytes of rows 2·half and 2·half + 1; a row is a word, sixteen blocks of each of its four
 *  bytes: word bit 16·column + block. */
struct Sliced {
  Pair bits[8][2];
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read from memory as they are");

inline uint64_t loadWord(const uint8_t* p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

inline void storeWord(uint8_t* p, uint64_t word) { memcpy(p, &word, 8); }

/** Transposes 8 × 8 bits of each word: bit 8r + c goes to 8c + r (Hacker's Delight, section 7-3). */
template <class Words>
inline Words transpose8(Words x) {
  Words t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
  return x ^ t ^ (t << 28);
}

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

/** After the transposition, lane l of word i is bit i % 8 of byte 2l + i / 8, one bit for each block; byte p is in row p % 4,
 *  column p / 4. */
inline void slice(const uint8_t* blocks, Sliced* s) {
  Pair words[16];
  memcpy(words, blocks, sizeof words);
  transpose16(words);
  for (int b = 0; b < 8; b++) {
    const Pair even = words[7 - b], odd = words[15 - b];
    s->bits[b][0] = pick<0, 2, 4, 6, 8, 10, 12, 14>(even, odd);
    s->bits[b][1] = pick<1, 3, 5, 7, 9, 11, 13, 15>(even, odd);
  }
}

inline void unslice(const Sliced& s, uint8_t* blocks) {
  Pair words[16];
  for (int b = 0; b < 8; b++) {
    words[7 - b] = pick<0, 8, 1, 9, 2, 10, 3, 11>(s.bits[b][0], s.bits[b][1]);
    words[15 - b] = pick<4, 12, 5, 13, 6, 14, 7, 15>(s.bits[b][0], s.bits[b][1]);
  }
  transpose16(words);
  memcpy(blocks, words, sizeof words);
}

inline void subBytes(Sliced* s) {
  for (int half = 0; half < 2; half++) {
    Pair x[8];
    for (int b = 0; b < 8; b++) x[b] = s->bits[b][half];
    sBox(x);
    for (int b = 0; b < 8; b++) s->bits[b][half] = x[b];
  }
}

/** Row r moves left by r columns. */
inline void shiftRows(Sliced* s) {
  for (int b = 0; b < 8; b++) {
    s->bits[b][0] = pick<0, 1, 2, 3, 5, 6, 7, 4>(s->bits[b][0], s->bits[b][0]);
    s->bits[b][1] = pick<2, 3, 0, 1, 7, 4, 5, 6>(s->bits[b][1], s->bits[b][1]);
  }
}

/** out[row] = 2·a[row] + 3·a[row+1] + a[row+2] + a[row+3] = 2·(a[row] + a[row+1]) + a[row+1] + a[row+2] + a[row+3]. */
inline void mixColumns(Sliced* s) {
  const Sliced in = *s;
  Sliced sums;   // each row and the next
  Pair next[8];  // rows 1, 2 and rows 3, 0: of every row the next one and that before it
  for (int b = 0; b < 8; b++) {
    const Pair low = in.bits[b][0], high = in.bits[b][1];
    const Pair middle = pick<4, 5, 6, 7, 8, 9, 10, 11>(low, high), outer = pick<4, 5, 6, 7, 8, 9, 10, 11>(high, low);
    sums.bits[b][0] = low ^ middle;
    sums.bits[b][1] = high ^ outer;
    next[b] = middle ^ outer;
  }
  for (int half = 0; half < 2; half++)
    for (int b = 0; b < 8; b++) {
      // doubling shifts towards the top bit (b = 0) and folds the carry into bits 0, 1, 3, 4
      const Pair carry = sums.bits[0][half];
      Pair twice = b == 7 ? carry : sums.bits[b + 1][half];
      if (b == 6 || b == 4 || b == 3) twice ^= carry;
      // the other half: of each row that after the next
      s->bits[b][half] = twice ^ next[b] ^ in.bits[b][1 - half];
    }
}

inline void addRoundKey(Sliced* s, const Sliced& key) {
  for (int b = 0; b < 8; b++)
    for (int half = 0; half < 2; half++) s->bits[b][half] ^= key.bits[b][half];
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
    typedef int16_t SignedColumns __attribute__((vector_size(16)));
    Keys keys;
    for (int r = 0; r < 11; r++, roundKeys += kBlockBytes)
      for (int half = 0; half < 2; half++) {
        const uint8_t* k = roundKeys + 2 * half;
        const Lanes16 bytes = {k[0], k[4], k[8], k[12], k[1], k[5], k[9], k[13]};
        for (int b = 0; b < 8; b++)
          keys.round[r].bits[b][half] =
              reinterpret_cast<Pair>(reinterpret_cast<SignedColumns>(bytes << (8 + b)) >> 15);
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
