// A universal hash of the columns of a bit matrix that lies in blocks, one row of 128 columns a block: the rows are cut into
// groups of 128, each column of a group is an element of GF(2^128) (bit i belongs to x^i; modulo x^128 + x^7 + x^2 + x + 1), and
// a column's hash is the sum of its elements times public challenges. Linear, so that a correlation of the columns is one of
// the hashes: the consistency check of SoftSpoken (Roy, CRYPTO 2022, figure 9). No secret decides a branch or an address.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

constexpr size_t kHashGroup = 128;

/** blocks [groups · 128 · 16], choices [groups · 128] of 0 and 1 or null, challenges [groups · 16]. Writes hashes [128 · 16], block p
 *  holding bit p of all columns' hashes, and the hash of the choices [16]. */
void columnHash(const uint8_t* blocks, const uint8_t* choices, size_t groups, const uint8_t* challenges, uint8_t* hashes,
                uint8_t* choiceHash);

/** As above with carry-less multiplication. */
void columnHashClmul(const uint8_t* blocks, const uint8_t* choices, size_t groups, const uint8_t* challenges,
                     uint8_t* hashes, uint8_t* choiceHash);

/** A product of 256 bits, low words first, modulo the polynomial. */
static inline void reduceField(const uint64_t* product, uint64_t* out) {
  const uint64_t low = product[0], high = product[1], a = product[2], b = product[3];
  // (b, a) times x^7 + x^2 + x + 1; what passes x^128 once more.
  const uint64_t beyond = b >> 63 ^ b >> 62 ^ b >> 57;
  out[0] = low ^ a ^ a << 1 ^ a << 2 ^ a << 7 ^ beyond ^ beyond << 1 ^ beyond << 2 ^ beyond << 7;
  out[1] = high ^ b ^ (b << 1 | a >> 63) ^ (b << 2 | a >> 62) ^ (b << 7 | a >> 57);
}

}  // namespace cipherprune
