// Shares modulo 2^bits, read as signed, as digits from which the residues of each limb follow by vectors: what they are multiplied by is
// smallest then. A share plus half the ring has no sign, and half the ring is taken off again modulo each prime; without a branch.
#pragma once
#include "context.h"
#include "src/ring/ring.h"

namespace cipherprune {

class SignedDigits {
 public:
  /** Zeros. */
  SignedDigits(int bits, size_t count) : bits(bits), stride((count + columns - 1) / columns * columns + columns), planes(2 * stride) {
    for (size_t i = 0; i < stride; i++) set(i, 0);
  }

  void set(size_t at, uint64_t share) {
    const uint64_t shifted = (share + (uint64_t{1} << (bits - 1))) & ringMaskOf(bits);
    planes[at] = static_cast<uint32_t>(shifted & ((uint64_t{1} << primeBits) - 1));
    planes[stride + at] = static_cast<uint32_t>(shifted >> primeBits);
  }

  /** Of shares from `first` on; out: `count` rounded up to 16. */
  void residues(const Modulus& m, size_t first, size_t count, uint32_t* out) const {
    const uint32_t factors[2] = {1, m.power(2, primeBits)};
    const uint32_t half = m.power(2, static_cast<uint64_t>(bits - 1));
    polyLoops().combine(planes.data() + first, stride, factors, 2, m.subtract(0, half), (count + columns - 1) / columns * columns, m, out);
  }

 private:
  int bits;
  size_t stride;
  Words planes;
};

}  // namespace cipherprune
