#include "src/ring/ring.h"

#include <algorithm>
#include <cmath>

#include "binding.h"
#include "src/ring/ring-stream.h"
#include "suite.h"

namespace cipherprune {

namespace {

using Binary = void (*)(const uint64_t*, const uint64_t*, size_t, size_t, uint64_t, uint64_t*);

/** (x, y, bits, out): y repeats over the leading axes of x. */
void repeated(const Arguments& a, Binary RingLoops::*loop) {
  const auto x = a.words(0), y = a.words(1), out = a.words(3);
  a.expectLength(3, out.length, x.length);
  a.expect(y.length == 0 ? x.length == 0 : x.length % y.length == 0, 1, "a length that divides that of x");
  if (x.length == 0) return;
  (ringLoops().*loop)(x.data, y.data, x.length / y.length, y.length, ringMaskOf(a.bits(2)), out.data);
}

void mask(const Arguments& a) {
  const auto x = a.words(0), out = a.words(2);
  a.expectLength(2, out.length, x.length);
  ringLoops().mask(x.data, x.length, ringMaskOf(a.bits(1)), out.data);
}

void add(const Arguments& a) { repeated(a, &RingLoops::add); }
void subtract(const Arguments& a) { repeated(a, &RingLoops::subtract); }
void multiply(const Arguments& a) { repeated(a, &RingLoops::multiply); }

void negate(const Arguments& a) {
  const auto x = a.words(0), out = a.words(2);
  a.expectLength(2, out.length, x.length);
  ringLoops().negate(x.data, x.length, ringMaskOf(a.bits(1)), out.data);
}

void scale(const Arguments& a) {
  const auto x = a.words(0), out = a.words(3);
  a.expectLength(3, out.length, x.length);
  ringLoops().scale(x.data, a.bigint(1), x.length, ringMaskOf(a.bits(2)), out.data);
}

void multiplyRows(const Arguments& a) {
  const auto x = a.words(0), y = a.words(1), out = a.words(3);
  a.expectLength(3, out.length, x.length);
  a.expect(y.length == 0 ? x.length == 0 : x.length % y.length == 0, 1, "a length that divides that of x");
  if (x.length == 0) return;
  ringLoops().multiplyRows(x.data, y.data, y.length, x.length / y.length, ringMaskOf(a.bits(2)), out.data);
}

void shiftRight(const Arguments& a) {
  const auto x = a.words(0), out = a.words(5);
  a.expectLength(5, out.length, x.length);
  const int bits = a.bits(1);
  const int shift = static_cast<int>(a.integer(2, 0, bits - 1));
  ringShiftRight(x.data, x.length, bits, shift, static_cast<Rounding>(a.integer(3, 0, 2)), a.bits(4), out.data);
}

void sum(const Arguments& a) {
  const auto x = a.words(0), out = a.words(4);
  const size_t extent = a.size(1), inner = a.size(2);
  const size_t block = a.product(0, {extent, inner});
  a.expect(block > 0 && x.length % block == 0, 0, "a whole number of extent x inner blocks");
  a.expectLength(4, out.length, x.length / extent);
  ringLoops().sum(x.data, x.length / block, extent, inner, ringMaskOf(a.bits(3)), out.data);
}

void permute(const Arguments& a) {
  const auto x = a.words(0), out = a.words(3);
  const auto shape = a.uint32s(1), permutation = a.uint32s(2);
  a.expect(shape.length <= 8, 1, "at most 8 axes");
  a.expectLength(2, permutation.length, shape.length);
  size_t total = 1;
  uint32_t seen = 0;
  for (size_t i = 0; i < shape.length; i++) {
    total = a.product(1, {total, shape.data[i]});
    a.expect(permutation.data[i] < shape.length, 2, "a permutation of the axes");
    seen |= 1u << permutation.data[i];
  }
  a.expect(seen == (1u << shape.length) - 1, 2, "a permutation of the axes");
  a.expectLength(0, x.length, total);
  a.expectLength(3, out.length, total);
  ringPermute(x.data, shape.data, permutation.data, shape.length, out.data);
}

void gatherRows(const Arguments& a) {
  const auto x = a.words(0), out = a.words(3);
  const size_t width = a.size(1);
  const auto rows = a.uint32s(2);
  a.expectLength(3, out.length, a.product(3, {rows.length, width}));
  const size_t available = width == 0 ? SIZE_MAX : x.length / width;
  for (size_t i = 0; i < rows.length; i++) a.expect(rows.data[i] < available, 2, "row indices inside x");
  for (size_t i = 0; i < rows.length; i++)
    std::copy_n(x.data + rows.data[i] * width, width, out.data + i * width);
}

/** Rows of words or of bytes, each array with its own distance between them. */
void copyRows(const Arguments& a) {
  const size_t width = a.size("width"), rows = a.size("rows");
  const auto copy = [&](auto from, auto to) {
    const size_t fromBegin = a.size("fromBegin"), fromStride = a.size("fromStride");
    const size_t toBegin = a.size("toBegin"), toStride = a.size("toStride");
    if (rows == 0 || width == 0) return;
    const auto fits = [&](Key key, size_t length, size_t begin, size_t stride) {
      const size_t last = a.product(key, {rows - 1, stride});
      a.expect(width <= length && begin <= length - width && last <= length - width - begin, key, "rows inside the array");
    };
    fits("from", from.length, fromBegin, fromStride);
    fits("to", to.length, toBegin, toStride);
    a.expect(toStride >= width || rows == 1, "toStride", "rows that do not overlap");
    for (size_t row = 0; row < rows; row++)
      std::copy_n(from.data + fromBegin + row * fromStride, width, to.data + toBegin + row * toStride);
  };
  if (a.isWords("from")) copy(a.words("from"), a.words("to"));
  else copy(a.bytes("from"), a.bytes("to"));
}

void matmul(const Arguments& a) {
  const auto x = a.words(0), y = a.words(1), out = a.words(7);
  const size_t batch = a.size(2), n = a.size(3), k = a.size(4), m = a.size(5);
  a.expectLength(0, x.length, a.product(0, {batch, n, k}));
  a.expectLength(1, y.length, a.product(1, {batch, k, m}));
  a.expectLength(7, out.length, a.product(7, {batch, n, m}));
  ringMatmul(x.data, y.data, batch, n, k, m, a.bits(6), out.data);
}

void matmulPanels(const Arguments& a) {
  const auto x = a.words(0), w = a.words(1), out = a.words(7);
  const size_t n = a.size(2), k = a.size(3), m = a.size(4);
  a.expectLength(0, x.length, a.product(0, {n, k}));
  a.expectLength(1, w.length, a.product(1, {k, m}));
  a.expectLength(7, out.length, a.product(7, {n, m}));
  const auto panels = [&w](size_t first, size_t, uint64_t*) { return static_cast<const uint64_t*>(w.data + first); };
  ringMatmulPanels(x.data, panels, n, k, m, a.bits(5), a.integer(6, 0, 1) == 1, out.data);
}

/** A generator's seed and block from an argument on; its suite is the last one. */
struct Stream {
  Stream(const Arguments& a, size_t index, size_t suiteIndex)
      : key(suiteArgument(a, suiteIndex), seedOf(a, index)), place{key, static_cast<uint64_t>(a.integer(index + 1, 0, kMaxTweak))} {}

  static const uint8_t* seedOf(const Arguments& a, size_t index) {
    const auto seed = a.bytes(index);
    a.expectLength(index, seed.length, kBlockBytes);
    return seed.data;
  }

  const PrgKey key;
  const StreamPlace place;
};

void wordsOfStream(const Arguments& a) {
  const Stream stream(a, 0, 4);
  const auto out = a.words(3);
  streamWords(stream.place, out.length, a.bits(2), out.data);
}

void hideByStream(const Arguments& a) {
  const auto x = a.words(0);
  const Stream stream(a, 1, 5);
  const int bits = a.bits(3);
  const auto out = a.bytes(4);
  a.expectLength(4, out.length, ringPackedBytes(x.length, bits));
  streamHide(x.data, stream.place, x.length, bits, out.data);
}

void matmulByStream(const Arguments& a) {
  const auto x = a.words(0), out = a.words(8);
  const Stream stream(a, 1, 9);
  const size_t n = a.size(3), k = a.size(4), m = a.size(5);
  a.expectLength(0, x.length, a.product(0, {n, k}));
  a.expectLength(8, out.length, a.product(8, {n, m}));
  a.product(1, {k, m});
  streamMatmul(x.data, stream.place, n, k, m, a.bits(6), a.integer(7, 0, 1) == 1, out.data);
}

void matmulInt16(const Arguments& a) {
  const auto x = a.words(0), out = a.words(6);
  const auto w = a.int16s(1);
  const size_t n = a.size(2), k = a.size(3), m = a.size(4);
  a.expectLength(0, x.length, a.product(0, {n, k}));
  a.expectLength(1, w.length, a.product(1, {k, m}));
  a.expectLength(6, out.length, a.product(6, {n, m}));
  const size_t threads = a.isAbsent(7) ? 1 : a.size(7, 1, 1024);
  ringMatmulInt16(x.data, w.data, n, k, m, a.bits(5), threads, out.data);
}

void signBit(const Arguments& a) {
  const auto x = a.words(0);
  const auto out = a.bytes(2);
  a.expectLength(2, out.length, x.length);
  ringLoops().signBit(x.data, x.length, a.bits(1), out.data);
}

void signExtend(const Arguments& a) {
  const auto x = a.words(0), out = a.words(3);
  a.expectLength(3, out.length, x.length);
  ringLoops().signExtend(x.data, x.length, a.bits(1), ringMaskOf(a.bits(2)), out.data);
}

void select(const Arguments& a) {
  const auto bits = a.bytes(0);
  const auto x = a.words(1), out = a.words(2);
  a.expectLength(2, out.length, x.length);
  a.expect(bits.length == 0 ? x.length == 0 : x.length % bits.length == 0, 0, "a length that divides that of x");
  if (x.length > 0) ringLoops().select(bits.data, x.data, bits.length, x.length / bits.length, out.data);
}

void negateWhere(const Arguments& a) {
  const auto bits = a.bytes(0);
  const auto x = a.words(1), out = a.words(3);
  a.expectLength(3, out.length, x.length);
  a.expect(bits.length == 0 ? x.length == 0 : x.length % bits.length == 0, 0, "a length that divides that of x");
  if (x.length == 0) return;
  ringLoops().negateWhere(bits.data, x.data, bits.length, x.length / bits.length, ringMaskOf(a.bits(2)), out.data);
}

void addWhere(const Arguments& a) {
  const auto bits = a.bytes(0);
  const auto x = a.words(1), sum = a.words(3);
  a.expectLength(0, bits.length, x.length);
  a.expectLength(3, sum.length, x.length);
  ringLoops().addWhere(bits.data, x.data, x.length, ringMaskOf(a.bits(2)), sum.data);
}

void addScaled(const Arguments& a) {
  const auto x = a.words(0), sum = a.words(3);
  a.expectLength(3, sum.length, x.length);
  ringLoops().addScaled(x.data, a.bigint(1), x.length, ringMaskOf(a.bits(2)), sum.data);
}

void fromBits(const Arguments& a) {
  const auto bits = a.bytes(0);
  const auto out = a.words(1);
  a.expectLength(1, out.length, bits.length);
  ringLoops().fromBits(bits.data, bits.length, out.data);
}

double maxAbsolute(const Arguments& a) {
  const auto x = a.words(0);
  return static_cast<double>(ringLoops().maxAbsolute(x.data, x.length, a.bits(1)));
}

double fromFloat(const Arguments& a) {
  const auto x = a.doubles(0);
  const auto out = a.words(3);
  a.expectLength(3, out.length, x.length);
  return static_cast<double>(
      ringFromFloat(x.data, x.length, a.bits(1), static_cast<int>(a.integer(2, -64, 64)), out.data));
}

void toFloat(const Arguments& a) {
  const auto x = a.words(0);
  const auto out = a.doubles(3);
  a.expectLength(3, out.length, x.length);
  const double unit = std::ldexp(1.0, -static_cast<int>(a.integer(2, -64, 64)));
  ringLoops().toFloat(x.data, x.length, a.bits(1), unit, out.data);
}

void pack(const Arguments& a) {
  const auto x = a.words(0);
  const auto out = a.bytes(2);
  const int bits = a.bits(1);
  a.expectLength(2, out.length, ringPackedBytes(x.length, bits));
  ringPack(x.data, x.length, bits, out.data);
}

void packDifference(const Arguments& a) {
  const auto x = a.words(0), y = a.words(1);
  const auto out = a.bytes(3);
  const int bits = a.bits(2);
  a.expectLength(1, y.length, x.length);
  a.expectLength(3, out.length, ringPackedBytes(x.length, bits));
  ringPackDifference(x.data, y.data, x.length, bits, out.data);
}

void unpackAdd(const Arguments& a) {
  const auto bytes = a.bytes(0);
  const auto x = a.words(2), out = a.words(3);
  const int bits = a.bits(1);
  a.expectLength(0, bytes.length, ringPackedBytes(x.length, bits));
  a.expectLength(3, out.length, x.length);
  ringUnpackAdd(bytes.data, x.data, x.length, bits, out.data);
}

void unpack(const Arguments& a) {
  const auto bytes = a.bytes(0);
  const auto out = a.words(2);
  const int bits = a.bits(1);
  if (a.isAbsent(3)) {
    a.expectLength(0, bytes.length, ringPackedBytes(out.length, bits));
    ringUnpack(bytes.data, 0, out.length, bits, out.data);
    return;
  }
  const size_t first = a.size(3);
  a.expect(a.product(0, {first + out.length, static_cast<size_t>(bits)}) <= 8 * bytes.length, 0, "as many elements");
  ringUnpack(bytes.data, first, out.length, bits, out.data);
}

template <void (*RingLoops::*loop)(const uint8_t*, const uint8_t*, size_t, uint8_t*)>
void bitwise(const Arguments& a) {
  const auto x = a.bytes(0), y = a.bytes(1), out = a.bytes(2);
  a.expectLength(1, y.length, x.length);
  a.expectLength(2, out.length, x.length);
  (ringLoops().*loop)(x.data, y.data, x.length, out.data);
}

void bitsPack(const Arguments& a) {
  const auto bits = a.bytes(0), out = a.bytes(1);
  a.expectLength(1, out.length, (bits.length + 7) / 8);
  ringLoops().bitsPack(bits.data, bits.length, out.data);
}

void bitsUnpack(const Arguments& a) {
  const auto bytes = a.bytes(0), out = a.bytes(1);
  a.expectLength(0, bytes.length, (out.length + 7) / 8);
  ringLoops().bitsUnpack(bytes.data, out.length, out.data);
}

void bitsNot(const Arguments& a) {
  const auto x = a.bytes(0), out = a.bytes(1);
  a.expectLength(1, out.length, x.length);
  ringLoops().bitsNot(x.data, x.length, out.data);
}

}  // namespace

void addRing(Bindings& bindings) {
  bindings.add<mask>("ringMask");
  bindings.add<add>("ringAdd");
  bindings.add<subtract>("ringSubtract");
  bindings.add<negate>("ringNegate");
  bindings.add<scale>("ringScale");
  bindings.add<multiply>("ringMultiply");
  bindings.add<multiplyRows>("ringMultiplyRows");
  bindings.add<shiftRight>("ringShiftRight");
  bindings.add<sum>("ringSum");
  bindings.add<permute>("ringPermute");
  bindings.add<gatherRows>("ringGatherRows");
  bindings.add<copyRows>("copyRows");
  bindings.add<matmul>("ringMatmul");
  bindings.add<matmulInt16>("ringMatmulInt16");
  bindings.add<matmulPanels>("ringMatmulPanels");
  bindings.add<matmulByStream>("streamMatmul");
  bindings.add<wordsOfStream>("streamWords");
  bindings.add<hideByStream>("streamHide");
  bindings.add<signBit>("ringSignBit");
  bindings.add<signExtend>("ringSignExtend");
  bindings.add<select>("ringSelect");
  bindings.add<negateWhere>("ringNegateWhere");
  bindings.add<addWhere>("ringAddWhere");
  bindings.add<addScaled>("ringAddScaled");
  bindings.add<fromBits>("ringFromBits");
  bindings.add<maxAbsolute>("ringMaxAbsolute");
  bindings.add<fromFloat>("ringFromFloat");
  bindings.add<toFloat>("ringToFloat");
  bindings.add<pack>("ringPack");
  bindings.add<packDifference>("ringPackDifference");
  bindings.add<unpack>("ringUnpack");
  bindings.add<unpackAdd>("ringUnpackAdd");
  bindings.add<bitsPack>("bitsPack");
  bindings.add<bitsUnpack>("bitsUnpack");
  bindings.add<bitwise<&RingLoops::bitsXor>>("bitsXor");
  bindings.add<bitwise<&RingLoops::bitsAnd>>("bitsAnd");
  bindings.add<bitsNot>("bitsNot");
}

}  // namespace cipherprune
