// The inputs of a packed product as points of the short transforms by which it is multiplied (packed-multiply.cc).
#pragma once
#include <algorithm>
#include <cstring>

#include "packed-layout.h"

namespace cipherprune {

/** Transformed inputs of one limb: for each point, [batch][input block][segment]. Up to two tokens are one segment of all n
 *  coefficients, multiplied modulo X^n + 1. */
struct Segments {
  const PackedLayout& layout;
  bool whole;
  size_t phi, tokens, count, length, pointStride;

  explicit Segments(const PackedLayout& l)
      : layout(l), whole(l.tokens <= 2), phi(l.phi()),
        // Three tokens cost 4/3 of the products that there would be without room to spare, one token twice as many.
        tokens(whole ? l.tokens : l.tokens >= 16 ? 3 : 1), count((l.tokens + tokens - 1) / tokens),
        length(whole ? l.n : (tokens + 1) * phi),
        // Off powers of two, which would share cache sets.
        pointStride((l.inputCiphertexts() * count + 15) / 16 * 16 + 48) {}

  /** Words between the sums of segments, [length][16] each. */
  size_t sumStride() const { return (length + 1) * columns; }
  /** Coefficients of a segment: the last may be shorter. */
  size_t extent(size_t segment) const { return std::min(tokens, layout.tokens - segment * tokens) * phi; }
  /** Whether a segment of a b half reaches an output: those of the rows, and the last token, which wraps into the first. */
  bool matters(bool halfB, size_t segment) const {
    return !halfB || segment * tokens < layout.rows || segment + 1 == count;
  }
};

/** Segments of a half (n words), turned into lane `lane` + k for segment k of 16 columns [length][16]. */
class InputColumns {
 public:
  InputColumns(const Segments& segments, const NttTable& table, uint32_t* points)
      : segments(segments), table(table), points(points), work(segments.length * columns), staged(columns * segments.length) {}

  /** Segments must come in order. */
  void push(const uint32_t* coefficients, size_t extent) {
    uint32_t* to = staged.data() + filled * segments.length;
    std::memcpy(to, coefficients, 4 * extent);
    std::memset(to + extent, 0, 4 * (segments.tokens * segments.phi - extent));
    if (++filled == columns) flush();
  }

  void start(size_t pair) { first = pair; }

  /** Transforms what is there; the lanes left over are not meaningful. */
  void flush() {
    if (filled == 0) return;
    const PolyLoops& loops = polyLoops();
    const size_t used = segments.tokens * segments.phi;
    if (used >= 16) {
      for (size_t e = 0; e < used; e += 16) {
        uint32_t* block = work.data() + 16 * e;
        for (size_t lane = 0; lane < columns; lane++) std::memcpy(block + 16 * lane, staged.data() + lane * segments.length + e, 64);
        loops.transpose(block);
      }
    } else {
      for (size_t e = 0; e < used; e++)
        for (size_t lane = 0; lane < columns; lane++) work[16 * e + lane] = staged[lane * segments.length + e];
    }
    const bool powerOfTwo = segments.tokens != 3;
    if (!powerOfTwo) std::memset(work.data() + used * columns, 0, 4 * (segments.length - used) * columns);
    const bool isFull = filled == columns;
    loops.forwardColumns(work.data(), segments.length, powerOfTwo ? used : segments.length, segments.whole, table,
                         isFull ? points + first : work.data(), isFull ? segments.pointStride : columns);
    for (size_t f = 0; f < segments.length && !isFull; f++)
      std::memcpy(points + f * segments.pointStride + first, work.data() + 16 * f, 4 * filled);
    first += filled;
    filled = 0;
  }

 private:
  const Segments& segments;
  const NttTable& table;
  uint32_t* points;
  Words work, staged;
  size_t filled = 0, first = 0;
};

/** The sent part of a b half, back in place; other tokens are zero. */
inline size_t unpackSent(const PackedLayout& layout, const uint8_t* bytes, const Modulus& m, uint32_t* out) {
  const size_t invalid = unpackResidues(bytes, layout.sentCoefficients(), m, out);
  if (!layout.allTokens()) {
    const size_t phi = layout.phi(), rest = layout.rows * phi;
    std::memmove(out + layout.n - phi, out + rest, 4 * phi);
    std::memset(out + rest, 0, 4 * (layout.n - phi - rest));
  }
  return invalid;
}

}  // namespace cipherprune
