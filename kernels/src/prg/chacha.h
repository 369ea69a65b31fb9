// ChaCha with 8 rounds and keys of 128 bits (Bernstein, "ChaCha, a variant of Salsa20", 2008: words 12 and 13 count blocks, 14 and 15 are
// the nonce), one block in each lane of a vector. Additions, XORs and rotations by constants only: no time or address depends
// on a key. Included by each path; a lane is 32 bits wide.
#pragma once

#include <cstdint>
#include <cstring>

#include "src/base/lanes.h"

namespace cipherprune {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read from memory as they are");

constexpr size_t kChaChaBytes = 64;
constexpr int kChaChaRounds = 8;
/** "expand 16-byte k" */
constexpr uint32_t kChaChaConstants[4] = {0x61707865, 0x3120646e, 0x79622d36, 0x6b206574};

typedef uint32_t Quad __attribute__((vector_size(16)));

/** Word j of vector i to word i of vector j. */
inline void transposeQuads(Quad* q) {
  const Quad a = shuffled<0, 4, 1, 5>(q[0], q[1]), b = shuffled<2, 6, 3, 7>(q[0], q[1]);
  const Quad c = shuffled<0, 4, 1, 5>(q[2], q[3]), d = shuffled<2, 6, 3, 7>(q[2], q[3]);
  q[0] = shuffled<0, 1, 4, 5>(a, c);
  q[1] = shuffled<2, 3, 6, 7>(a, c);
  q[2] = shuffled<0, 1, 4, 5>(b, d);
  q[3] = shuffled<2, 3, 6, 7>(b, d);
}

template <int lanes>
struct ChaCha {
  typedef uint32_t Word __attribute__((vector_size(4 * lanes)));

  static inline Word splat(uint32_t word) { return Word{} + word; }

  template <int bits>
  static inline Word rotated(Word x) {
#if defined(__wasm__) || defined(__ARM_NEON)
    // Whole bytes move in one step.
    if constexpr (lanes == 4 && bits == 16)
      return reinterpret_cast<Word>(shuffled<1, 0, 3, 2, 5, 4, 7, 6>(reinterpret_cast<Lanes16>(x), Lanes16{}));
    if constexpr (lanes == 4 && bits == 8)
      return reinterpret_cast<Word>(shuffled<3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14>(
          reinterpret_cast<Lanes8>(x), Lanes8{}));
#endif
    return (x << bits) | (x >> (32 - bits));
  }

  static inline void quarterRound(Word& a, Word& b, Word& c, Word& d) {
    a += b, d = rotated<16>(d ^ a);
    c += d, b = rotated<12>(b ^ c);
    a += b, d = rotated<8>(d ^ a);
    c += d, b = rotated<7>(b ^ c);
  }

  /** key [4], place [4]: the block's number and the nonce, low words first; → the block's words [16]. */
  static inline void block(const Word* key, const Word* place, Word* x) {
    Word first[16];
    for (int i = 0; i < 4; i++) {
      first[i] = splat(kChaChaConstants[i]);
      first[4 + i] = first[8 + i] = key[i];
      first[12 + i] = place[i];
    }
    for (int i = 0; i < 16; i++) x[i] = first[i];
    for (int round = 0; round < kChaChaRounds; round += 2) {
      for (int i = 0; i < 4; i++) quarterRound(x[i], x[4 + i], x[8 + i], x[12 + i]);
      for (int i = 0; i < 4; i++) quarterRound(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < 16; i++) x[i] += first[i];
  }
};

/** Blocks of any keys and places, as many at a time as there are lanes. */
template <int lanes>
class ChaChaBatch {
 public:
  ~ChaChaBatch() { flush(); }

  /** The first `byteLength` bytes, a multiple of 16, of block `number` under the key [16] and the nonce go to `out`, at the latest at flush. */
  void add(const uint8_t* key, uint64_t number, uint64_t nonce, uint8_t* out, size_t byteLength) {
    uint32_t words[8];
    memcpy(words, key, 16);
    memcpy(words + 4, &number, 8);
    memcpy(words + 6, &nonce, 8);
    for (int i = 0; i < 8; i++) inputs[i][used] = words[i];
    targets[used++] = {out, byteLength};
    if (used == lanes) flush();
  }

  void flush() {
    if (used == 0) return;
    Word in[8];
    alignas(64) Word x[16];
    memcpy(in, inputs, sizeof in);
    ChaCha<lanes>::block(in, in + 4, x);
    const uint32_t* words = reinterpret_cast<const uint32_t*>(x);
    for (int first = 0; first < used; first += 4) store(words, first);
    used = 0;
  }

 private:
  using Word = typename ChaCha<lanes>::Word;
  struct Target {
    uint8_t* out;
    size_t byteLength;
  };

  void store(const uint32_t* words, int first) {
    const int end = used < first + 4 ? used : first + 4;
    size_t longest = 0;
    for (int lane = first; lane < end; lane++)
      if (targets[lane].byteLength > longest) longest = targets[lane].byteLength;
    for (size_t at = 0; at < longest; at += 16) {
      Quad quads[4];
      for (size_t i = 0; i < 4; i++) memcpy(&quads[i], words + (at / 4 + i) * lanes + first, 16);
      transposeQuads(quads);
      for (int lane = first; lane < end; lane++)
        if (at < targets[lane].byteLength) memcpy(targets[lane].out + at, &quads[lane - first], 16);
    }
  }

  int used = 0;
  alignas(64) uint32_t inputs[8][lanes] = {};
  Target targets[lanes];
};

}  // namespace
}  // namespace cipherprune
