// Inner products over GF(2^128) (bit i of an element belongs to x^i; modulo x^128 + x^7 + x^2 + x + 1) of secret elements with public
// challenges: the universal hash of the consistency checks of OT extensions. Linear, so that a correlation of what is hashed is one of
// the hashes. No secret decides a branch or an address.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

struct FieldRows {
  const uint8_t* elements;  // [rows], each of `count` elements of 16 bytes, the next one `stride` bytes behind
  size_t stride;
  size_t rows;
};

/** sums[row] = the sum of elements[row][i] · challenges[i] over i < count. */
void fieldDots(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums);

/** As above, each for the processors that its file is compiled for. */
void fieldDotsPortable(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums);
void fieldDotsAvx2(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums);
void fieldDotsAvx512(const FieldRows& rows, const uint8_t* challenges, size_t count, uint8_t* sums);

/** A product of 256 bits, low words first, modulo the polynomial. */
static inline void reduceField(const uint64_t* product, uint64_t* out) {
  const uint64_t low = product[0], high = product[1], a = product[2], b = product[3];
  // (b, a) times x^7 + x^2 + x + 1; what passes x^128 once more.
  const uint64_t beyond = b >> 63 ^ b >> 62 ^ b >> 57;
  out[0] = low ^ a ^ a << 1 ^ a << 2 ^ a << 7 ^ beyond ^ beyond << 1 ^ beyond << 2 ^ beyond << 7;
  out[1] = high ^ b ^ (b << 1 | a >> 63) ^ (b << 2 | a >> 62) ^ (b << 7 | a >> 57);
}

}  // namespace cipherprune
