#include <cstring>

#include "chacha-modes.h"
#include "engine-bitsliced.h"
#include "modes.h"

namespace cipherprune {
namespace {

/** The S-box on the four bytes of a word of the key schedule. */
void substituteWord(uint8_t* bytes) {
  uint32_t x[8];
  for (int b = 0; b < 8; b++) {
    x[b] = 0;
    for (int i = 0; i < 4; i++) x[b] |= static_cast<uint32_t>((bytes[i] >> (7 - b)) & 1) << i;
  }
  sBox(x);
  for (int i = 0; i < 4; i++) {
    bytes[i] = 0;
    for (int b = 0; b < 8; b++) bytes[i] = static_cast<uint8_t>(bytes[i] | (((x[b] >> i) & 1) << (7 - b)));
  }
}

}  // namespace

const PrgPath portablePrgPath = PrgModes<BitslicedEngine>::path();
const ChaChaPath portableChaChaPath = ChaChaModes<4>::path();

/** FIPS 197, section 5.2. */
void aesSetKey(AesKey* key, const uint8_t* bytes) {
  uint8_t* w = key->roundKeys;
  memcpy(w, bytes, 16);
  uint8_t roundConstant = 1;
  for (int i = 4; i < 44; i++) {
    uint8_t word[4];
    memcpy(word, w + 4 * (i - 1), 4);
    if (i % 4 == 0) {
      const uint8_t first = word[0];
      word[0] = word[1], word[1] = word[2], word[2] = word[3], word[3] = first;
      substituteWord(word);
      word[0] ^= roundConstant;
      roundConstant = static_cast<uint8_t>((roundConstant << 1) ^ ((roundConstant >> 7) * 0x1b));
    }
    for (int j = 0; j < 4; j++) w[4 * i + j] = w[4 * (i - 4) + j] ^ word[j];
  }
}

}  // namespace cipherprune
