// Ciphertext times weights without transforms of length n: the weights reach over less than phi coefficients, so segments
// of a few tokens (phi coefficients each) are convolved by themselves, by cyclic transforms with room for one token more,
// and at each of their points the sums over input blocks are a modular matrix product [segments, inputBlocks] ·
// [inputBlocks, outputBlocks]. What a segment's product has beyond its tokens belongs to the next one (X^phi = Y). Weights
// are transformed on the fly, 16 columns at a time: nothing is stored expanded.
#include "packed-multiply.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "threads.h"

namespace cipherprune {

namespace {

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
    loops.forwardColumns(work.data(), segments.length, powerOfTwo ? used : segments.length, segments.whole, table);
    for (size_t f = 0; f < segments.length; f++)
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
size_t unpackSent(const PackedLayout& layout, const uint8_t* bytes, const Modulus& m, uint32_t* out) {
  const size_t invalid = unpackResidues(bytes, layout.sentCoefficients(), m, out);
  if (!layout.allTokens()) {
    const size_t phi = layout.phi(), rest = layout.rows * phi;
    std::memmove(out + layout.n - phi, out + rest, 4 * phi);
    std::memset(out + rest, 0, 4 * (layout.n - phi - rest));
  }
  return invalid;
}

/** Weights as signed words in the order of their transforms: [batch][tile of 16 products][input block][kIn·kOut][16], W[c, o]
 *  at X^(o·kIn + kIn - 1 - c). */
class OrderedWeights {
 public:
  OrderedWeights(const PackedLayout& layout, const PackedWeights& weights, size_t threads)
      : layout(layout), tiles((layout.outputBlocks() + columns - 1) / columns),
        words(layout.batch * tiles * layout.inputBlocks() * blockWords()) {
    splitWork(threads, layout.batch * tiles, [&](size_t unit, size_t) {
      for (size_t u = 0; u < layout.inputBlocks(); u++) order(weights, unit, u);
    });
  }

  size_t blockWords() const { return layout.kIn * layout.kOut * columns; }
  const int32_t* block(size_t unit, size_t u) const {
    return reinterpret_cast<const int32_t*>(words.data()) + (unit * layout.inputBlocks() + u) * blockWords();
  }

 private:
  void order(const PackedWeights& weights, size_t unit, size_t u) {
    const size_t b = unit / tiles, firstBlock = unit % tiles * columns, kIn = layout.kIn, kOut = layout.kOut;
    int32_t* to = const_cast<int32_t*>(block(unit, u));
    const size_t features = std::min(kIn, layout.inputs - u * kIn);
    if (features < kIn || (firstBlock + columns) * kOut > layout.outputs) std::memset(to, 0, 4 * blockWords());
    const size_t outputs = std::min(columns * kOut, layout.outputs - firstBlock * kOut);
    for (size_t c = 0; c < features; c++) {
      const size_t from = weights.strides.at(b, u * kIn + c, firstBlock * kOut);
      int32_t* row = to + (kIn - 1 - c) * columns;
      for (size_t lane = 0, k = 0; k < outputs; lane++)
        for (size_t o = 0; o < kOut && k < outputs; o++, k++)
          row[o * kIn * columns + lane] = weights.at(from + k * weights.strides.column);
    }
  }

  const PackedLayout& layout;
  size_t tiles;
  Words words;
};

/** Weights of one tile at all points: out [point][inputBlocks + 1][16]. */
void transformWeights(const Segments& segments, const NttTable& table, const OrderedWeights& weights, size_t unit, uint32_t* work,
                      uint32_t* out) {
  const PolyLoops& loops = polyLoops();
  const size_t inputBlocks = segments.layout.inputBlocks(), used = weights.blockWords();
  for (size_t u = 0; u < inputBlocks; u++) {
    loops.residues(weights.block(unit, u), used, table.modulus, work);
    loops.forwardColumns(work, segments.length, used / columns, segments.whole, table);
    for (size_t f = 0; f < segments.length; f++)
      std::memcpy(out + (f * (inputBlocks + 1) + u) * columns, work + f * columns, 4 * columns);
  }
}

/** Sums at all points, then transforms back: sums [segment][length + 1][16]. */
void multiplyPoints(const Segments& segments, const NttTable& table, const uint32_t* points, const uint32_t* weightPoints, size_t b,
                    bool halfB, uint32_t* sums) {
  const PolyLoops& loops = polyLoops();
  const size_t inputBlocks = segments.layout.inputBlocks(), stride = (segments.length + 1) * columns;
  const size_t inputWords = inputBlocks * segments.count, weightWords = (inputBlocks + 1) * columns;
  for (size_t f = 0; f < segments.length; f++) {
    const uint32_t* a = points + f * segments.pointStride + b * inputWords;
    const uint32_t* w = weightPoints + f * weightWords;
    // A tile's inputs and weights are more than the cache holds, and each is read once.
    if (f + 1 < segments.length) {
      prefetchWords(a + segments.pointStride, inputWords);
      prefetchWords(w + weightWords, weightWords);
    }
    for (size_t first = 0, left = segments.count; left > 0;) {
      // As even as eight rows at most allow.
      const size_t rows = left / ((left + 7) / 8);
      if (segments.matters(halfB, first) || first + rows == segments.count)
        loops.tile(a + first, segments.count, w, rows, inputBlocks, table.modulus, sums + first * stride + f * columns, stride);
      first += rows, left -= rows;
    }
  }
  for (size_t s = 0; s < segments.count; s++)
    if (segments.matters(halfB, s)) loops.inverseColumns(sums + s * stride, segments.length, segments.whole, table);
}

/** Adds what a segment's product has beyond its tokens to the next one (to the first, negated, from the last), scales, and
 *  turns columns into polynomials times X^-(kIn - 1): `lanes` of them, n words each, productStride apart. */
void foldSegments(const Segments& segments, const NttTable& table, const uint32_t* sums, size_t lanes, uint32_t* folded,
                  uint32_t* products, size_t productStride) {
  const PolyLoops& loops = polyLoops();
  const Modulus& m = table.modulus;
  const size_t n = segments.layout.n, phi = segments.phi, back = segments.layout.kIn - 1, stride = (segments.length + 1) * columns;
  const Factor factor = m.factor(m.inverse(m.reduceWide(static_cast<uint64_t>(segments.layout.kIn) * segments.length)));
  if (segments.whole) loops.scale(sums, factor, n * columns, m, folded);
  for (size_t s = 0; s < segments.count && !segments.whole; s++) {
    const size_t previous = (s + segments.count - 1) % segments.count, extent = segments.extent(s);
    uint32_t* to = folded + s * segments.tokens * phi * columns;
    const uint32_t* from = sums + s * stride;
    loops.fold(from, sums + previous * stride + segments.extent(previous) * columns, s == 0, factor, phi * columns, m, to);
    loops.scale(from + phi * columns, factor, (extent - phi) * columns, m, to + phi * columns);
  }
  for (size_t e = 0; e < n; e += 16) {
    uint32_t* block = folded + e * columns;
    loops.transpose(block);
    for (size_t lane = 0; lane < lanes; lane++) {
      uint32_t* to = products + lane * productStride;
      const uint32_t* from = block + 16 * lane;
      if (e >= back) {
        std::memcpy(to + e - back, from, 64);
        continue;
      }
      for (size_t k = 0; k < 16; k++) {
        if (e + k >= back) to[e + k - back] = from[k];
        else to[n + e + k - back] = m.subtract(0, from[k]);
      }
    }
  }
}

/** One worker's buffers for a tile of 16 products. */
struct Workspace {
  Words weightPoints, sums, folded;

  explicit Workspace(const Segments& s)
      : weightPoints(s.length * (s.layout.inputBlocks() + 1) * columns), sums(s.count * (s.length + 1) * columns),
        folded(std::max(s.layout.n, s.length) * columns) {}
};

/** One limb of all products. */
class LimbMultiplier {
 public:
  LimbMultiplier(const RlweContext& context, const Segments& segments, const OrderedWeights& weights, const uint8_t* inputs,
                 Seed publicSeed, uint32_t* products)
      : context(context), segments(segments), layout(segments.layout), weights(weights), inputs(inputs), publicSeed(publicSeed),
        products(products), tiles((layout.outputBlocks() + columns - 1) / columns) {}

  /** Returns how many received residues were invalid. */
  size_t multiply(size_t limb, size_t threads) const {
    const size_t words = segments.length * segments.pointStride;
    Words points[2] = {Words(words), Words(words)};
    const size_t invalid = transformInputs(limb, threads, points);
    std::vector<std::unique_ptr<Workspace>> workspaces(threads);
    splitWork(threads, units(), [&](size_t unit, size_t worker) {
      if (!workspaces[worker]) workspaces[worker] = std::make_unique<Workspace>(segments);
      multiplyTile(limb, unit, points, *workspaces[worker]);
    });
    return invalid;
  }

  size_t units() const { return layout.batch * tiles; }

 private:
  size_t transformInputs(size_t limb, size_t threads, Words* points) const {
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, limbs = layout.limbs, cts = layout.inputCiphertexts(), limbBytes = packedBytes(layout.sentCoefficients());
    // Ciphertexts that fill whole batches of 16 columns.
    const size_t together = std::min(cts, columns);
    std::atomic<size_t> invalid{0};
    splitWork(threads, (cts + together - 1) / together, [&](size_t chunk, size_t) {
      const size_t first = chunk * together, last = std::min(cts, first + together);
      Words half(n);
      Sampler sampler(publicSeed);
      for (const bool halfB : {true, false}) {
        InputColumns lanes(segments, table, points[halfB].data());
        lanes.start(first * segments.count);
        for (size_t ct = first; ct < last; ct++) {
          if (halfB) {
            invalid += unpackSent(layout, inputs + (ct * limbs + limb) * limbBytes, table.modulus, half.data());
          } else {
            sampler.seek(ct * limbs + limb);
            sampler.uniform(table.modulus, n, half.data());
          }
          for (size_t s = 0; s < segments.count; s++) lanes.push(half.data() + s * segments.tokens * segments.phi, segments.extent(s));
        }
        lanes.flush();
      }
    });
    return invalid;
  }

  /** Sixteen products of one of the batch. */
  void multiplyTile(size_t limb, size_t unit, const Words* points, Workspace& w) const {
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, limbs = layout.limbs, b = unit / tiles, firstBlock = unit % tiles * columns;
    const size_t lanes = std::min(columns, layout.outputBlocks() - firstBlock);
    transformWeights(segments, table, weights, unit, w.folded.data(), w.weightPoints.data());
    uint32_t* out = products + ((b * layout.outputBlocks() + firstBlock) * 2 * limbs + limb) * n;
    for (const bool halfB : {true, false}) {
      multiplyPoints(segments, table, points[halfB].data(), w.weightPoints.data(), b, halfB, w.sums.data());
      foldSegments(segments, table, w.sums.data(), lanes, w.folded.data(), out + (halfB ? 0 : limbs * n), 2 * limbs * n);
    }
  }

  const RlweContext& context;
  const Segments& segments;
  const PackedLayout& layout;
  const OrderedWeights& weights;
  const uint8_t* inputs;
  Seed publicSeed;
  uint32_t* products;
  size_t tiles;
};

}  // namespace

size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, uint32_t* products) {
  const Segments segments(layout);
  const OrderedWeights ordered(layout, weights, threads);
  const LimbMultiplier multiplier(context, segments, ordered, inputs, publicSeed, products);
  // With fewer tiles than threads, as with few tokens, limbs run side by side.
  const size_t sideBySide = std::min(layout.limbs, (threads + multiplier.units() - 1) / multiplier.units());
  std::atomic<size_t> invalid{0};
  splitWork(sideBySide, layout.limbs, [&](size_t limb, size_t) { invalid += multiplier.multiply(limb, threads / sideBySide); });
  return invalid;
}

}  // namespace cipherprune
