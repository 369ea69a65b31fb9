#include "ring.h"

#include <cmath>

#include "src/base/cpu.h"
#include "ring-isa.h"

namespace cipherprune {

namespace {
#include "ring-loops.inl"
}  // namespace

const RingLoops& ringLoops() {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return ringLoopsAvx512;
  if (activeIsa() == Isa::avx2) return ringLoopsAvx2;
#endif
  return table;
}

void ringShiftRight(const uint64_t* x, size_t count, int bits, int shift, Rounding rounding, int outBits, uint64_t* out) {
  const uint64_t addend = shift == 0 || rounding == Rounding::floor ? 0
                          : rounding == Rounding::ceil             ? ringMaskOf(shift)
                                                                   : uint64_t{1} << (shift - 1);
  // Modulo 2^(bits - shift) the sign does not matter, and a carry out of the top is a multiple of the modulus.
  if (outBits <= bits - shift) {
    ringLoops().truncate(x, count, addend, shift, ringMaskOf(outBits), out);
  } else {
    ringLoops().shiftRight(x, count, bits, addend, shift, ringMaskOf(outBits), out);
  }
}

size_t ringFromFloat(const double* x, size_t count, int bits, int fractionBits, uint64_t* out) {
  const double unit = std::ldexp(1.0, fractionBits), limit = std::ldexp(1.0, bits - 1);
  const uint64_t mask = ringMaskOf(bits), largest = mask >> 1;
  size_t saturated = 0;
  for (size_t i = 0; i < count; i++) {
    const double value = std::nearbyint(x[i] * unit);
    if (value >= -limit && value < limit) {
      out[i] = static_cast<uint64_t>(static_cast<int64_t>(value)) & mask;
    } else {
      out[i] = value > 0 ? largest : value < 0 ? (largest + 1) & mask : 0;
      saturated++;
    }
  }
  return saturated;
}

void ringPermute(const uint64_t* x, const uint32_t* shape, const uint32_t* permutation, size_t axes, uint64_t* out) {
  size_t strides[8], step[8], extent[8], index[8] = {};
  size_t stride = 1, total = 1;
  for (size_t a = axes; a-- > 0;) {
    strides[a] = stride;
    stride *= shape[a];
  }
  for (size_t a = 0; a < axes; a++) {
    step[a] = strides[permutation[a]];
    extent[a] = shape[permutation[a]];
    total *= extent[a];
  }
  if (total == 0) return;
  const size_t last = axes == 0 ? 1 : extent[axes - 1], lastStep = axes == 0 ? 1 : step[axes - 1];
  size_t source = 0;
  for (size_t done = 0; done < total; done += last) {
    for (size_t i = 0; i < last; i++) out[done + i] = x[source + i * lastStep];
    for (size_t a = axes < 2 ? 0 : axes - 1; a-- > 0;) {
      source += step[a];
      if (++index[a] < extent[a]) break;
      source -= step[a] * extent[a];
      index[a] = 0;
    }
  }
}

}  // namespace cipherprune
