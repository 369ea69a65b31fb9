// Arithmetic on two's-complement integers modulo 2^bits (1 to 64), one 64-bit word each, always reduced. Buffers are
// caller-allocated; `out` may be one of the inputs in elementwise functions, and nowhere else.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

static inline uint64_t ringMaskOf(int bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

enum class Rounding : int { floor = 0, ceil = 1, nearest = 2 };

/** The elementwise loops, compiled once per instruction set from ring-loops.inl. `outer` x `inner` words: `y` has
 *  `inner` of them and repeats (Rows: has `outer`, one for each row). */
struct RingLoops {
  void (*mask)(const uint64_t* x, size_t count, uint64_t mask, uint64_t* out);
  void (*add)(const uint64_t* x, const uint64_t* y, size_t outer, size_t inner, uint64_t mask, uint64_t* out);
  void (*subtract)(const uint64_t* x, const uint64_t* y, size_t outer, size_t inner, uint64_t mask, uint64_t* out);
  void (*negate)(const uint64_t* x, size_t count, uint64_t mask, uint64_t* out);
  void (*scale)(const uint64_t* x, uint64_t factor, size_t count, uint64_t mask, uint64_t* out);
  void (*multiply)(const uint64_t* x, const uint64_t* y, size_t outer, size_t inner, uint64_t mask, uint64_t* out);
  void (*multiplyRows)(const uint64_t* x, const uint64_t* y, size_t outer, size_t inner, uint64_t mask, uint64_t* out);
  void (*truncate)(const uint64_t* x, size_t count, uint64_t addend, int shift, uint64_t outMask, uint64_t* out);
  void (*shiftRight)(const uint64_t* x, size_t count, int bits, uint64_t addend, int shift, uint64_t outMask, uint64_t* out);
  void (*sum)(const uint64_t* x, size_t outer, size_t extent, size_t inner, uint64_t mask, uint64_t* out);
  void (*signBit)(const uint64_t* x, size_t count, int bits, uint8_t* out);
  void (*signExtend)(const uint64_t* x, size_t count, int fromBits, uint64_t outMask, uint64_t* out);
  void (*select)(const uint8_t* bits, const uint64_t* x, size_t outer, size_t inner, uint64_t* out);
  /** (1 - 2·bit)·x */
  void (*negateWhere)(const uint8_t* bits, const uint64_t* x, size_t outer, size_t inner, uint64_t mask, uint64_t* out);
  void (*addWhere)(const uint8_t* bits, const uint64_t* x, size_t count, uint64_t mask, uint64_t* sum);
  void (*addScaled)(const uint64_t* x, uint64_t factor, size_t count, uint64_t mask, uint64_t* sum);
  void (*fromBits)(const uint8_t* bits, size_t count, uint64_t* out);
  uint64_t (*maxAbsolute)(const uint64_t* x, size_t count, int bits);
  void (*toFloat)(const uint64_t* x, size_t count, int bits, double unit, double* out);
  /** From one byte a bit to eight bits a byte, lowest first; unused bits are zero. And back. */
  void (*bitsPack)(const uint8_t* bits, size_t count, uint8_t* out);
  void (*bitsUnpack)(const uint8_t* bytes, size_t count, uint8_t* out);
  void (*bitsXor)(const uint8_t* x, const uint8_t* y, size_t count, uint8_t* out);
  void (*bitsAnd)(const uint8_t* x, const uint8_t* y, size_t count, uint8_t* out);
  void (*bitsNot)(const uint8_t* x, size_t count, uint8_t* out);
};

/** The loops of the active instruction set. */
const RingLoops& ringLoops();

/** x shifted right arithmetically with the given rounding, reduced modulo 2^outBits. */
void ringShiftRight(const uint64_t* x, size_t count, int bits, int shift, Rounding rounding, int outBits, uint64_t* out);

/** round(x · 2^fractionBits), ties to even; values that do not fit saturate. Returns how many did not. */
size_t ringFromFloat(const double* x, size_t count, int bits, int fractionBits, uint64_t* out);

/** Axis a of the result is axis permutation[a] of x. At most 8 axes; permutation is checked by the caller. */
void ringPermute(const uint64_t* x, const uint32_t* shape, const uint32_t* permutation, size_t axes, uint64_t* out);

/** x [batch, n, k] · y [batch, k, m] → [batch, n, m]. */
void ringMatmul(const uint64_t* x, const uint64_t* y, size_t batch, size_t n, size_t k, size_t m, int bits, uint64_t* out);

/** x [n, k] · w [k, m] → [n, m], w signed; on at most so many threads. */
void ringMatmulInt16(const uint64_t* x, const int16_t* w, size_t n, size_t k, size_t m, int bits, size_t threads, uint64_t* out);

/** Little-endian bit stream, `bits` bits an element, ceil(count · bits / 8) bytes; unused bits are zero. */
void ringPack(const uint64_t* x, size_t count, int bits, uint8_t* out);
/** Of x - y. */
void ringPackDifference(const uint64_t* x, const uint64_t* y, size_t count, int bits, uint8_t* out);
/** x + what was packed; out may be x. */
void ringUnpackAdd(const uint8_t* bytes, const uint64_t* x, size_t count, int bits, uint64_t* out);
/** Elements first to first + count of a stream. */
void ringUnpack(const uint8_t* bytes, size_t first, size_t count, int bits, uint64_t* out);

static inline size_t ringPackedBytes(size_t count, int bits) { return (count * static_cast<size_t>(bits) + 7) / 8; }

}  // namespace cipherprune
