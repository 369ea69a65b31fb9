// Ciphertext times weights without transforms of length n: the weights reach over less than phi coefficients, so each
// token's block of phi is convolved by itself, by cyclic transforms of length 2·phi, and at each of their points the sums
// over input blocks are a modular matrix product [tokens, inputBlocks] · [inputBlocks, outputBlocks]. What a block's
// product has beyond phi belongs to the next token (X^phi = Y). Weights are transformed on the fly, 16 columns at a time.
#include "src/rlwe/packed-multiply.h"

#include <atomic>
#include <cstring>

#include "src/rlwe/threads.h"

namespace cipherprune {

namespace {

/** Transformed inputs of one limb: for each point, [batch][token block of `tile`][input block][tile]. */
struct Shape {
  const PackedLayout& layout;
  size_t length, tile, pointStride;

  explicit Shape(const PackedLayout& l)
      : layout(l), length(2 * l.phi()), tile(l.tokens < 8 ? l.tokens : 8),
        // Off powers of two, which would share cache sets.
        pointStride((l.inputCiphertexts() * l.tokens + 15) / 16 * 16 + 48) {}

  size_t tokenBlocks() const { return layout.tokens / tile; }
  const uint32_t* panel(const uint32_t* points, size_t point, size_t b, size_t tokenBlock) const {
    return points + point * pointStride + (b * tokenBlocks() + tokenBlock) * layout.inputBlocks() * tile;
  }
  /** Eight consecutive (ciphertext, token) pairs, counted from pair 8·eight. */
  uint32_t* eight(uint32_t* points, size_t point, size_t eight) const {
    if (layout.tokens < 8) return points + point * pointStride + eight * 8;
    const size_t ct = eight / tokenBlocks(), tokenBlock = eight % tokenBlocks();
    const size_t b = ct / layout.inputBlocks(), u = ct % layout.inputBlocks();
    return points + point * pointStride + ((b * tokenBlocks() + tokenBlock) * layout.inputBlocks() + u) * 8;
  }
};

/** Blocks of 16 (ciphertext, token) pairs → points. polys: the ciphertexts' halves, n words each. */
void transformInputs(const Shape& shape, const NttTable& table, const uint32_t* polys, size_t firstPair, size_t pairs,
                     uint32_t* work, uint32_t* points) {
  const PolyLoops& loops = polyLoops();
  const size_t phi = shape.layout.phi();
  for (size_t base = 0; base < pairs; base += 16) {
    for (size_t e = 0; e < phi; e++)
      for (size_t lane = 0; lane < 16; lane++) work[16 * e + lane] = polys[(base + lane) * phi + e];
    loops.forwardColumns(work, shape.length, table);
    for (size_t f = 0; f < shape.length; f++) {
      std::memcpy(shape.eight(points, f, (firstPair + base) / 8), work + 16 * f, 32);
      std::memcpy(shape.eight(points, f, (firstPair + base) / 8 + 1), work + 16 * f + 8, 32);
    }
  }
}

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

uint32_t residueOf(int32_t w, const Modulus& m) {
  const uint32_t magnitude = w < 0 ? 0u - static_cast<uint32_t>(w) : static_cast<uint32_t>(w);
  const uint32_t residue = m.reduce(magnitude);
  return w < 0 ? m.subtract(0, residue) : residue;
}

/** Weights of 16 products from `firstBlock`: W[c, o] at X^(o·kIn + kIn - 1 - c). out: [point][inputBlocks + 1][16]. */
void transformWeights(const Shape& shape, const NttTable& table, const PackedWeights& weights, size_t b, size_t firstBlock,
                      uint32_t* work, uint32_t* out) {
  const PackedLayout& layout = shape.layout;
  const size_t kIn = layout.kIn, kOut = layout.kOut, inputBlocks = layout.inputBlocks();
  for (size_t u = 0; u < inputBlocks; u++) {
    std::memset(work, 0, 4 * layout.phi() * columns);
    for (size_t c = 0; c < kIn && u * kIn + c < layout.inputs; c++)
      for (size_t o = 0; o < kOut; o++) {
        uint32_t* to = work + (o * kIn + kIn - 1 - c) * columns;
        for (size_t lane = 0; lane < columns; lane++) {
          const size_t output = (firstBlock + lane) * kOut + o;
          if (output < layout.outputs) to[lane] = residueOf(weights.at(weights.strides.at(b, u * kIn + c, output)), table.modulus);
        }
      }
    polyLoops().forwardColumns(work, shape.length, table);
    for (size_t f = 0; f < shape.length; f++) std::memcpy(out + (f * (inputBlocks + 1) + u) * columns, work + f * columns, 4 * columns);
  }
}

/** Tokens whose b half reaches an output. */
bool tokenMatters(const PackedLayout& layout, bool halfB, size_t i) { return !halfB || i < layout.rows || i + 1 == layout.tokens; }

/** Sums at all points, then transforms back: sums [token][length + 1][16]. */
void multiplyPoints(const Shape& shape, const NttTable& table, const uint32_t* points, const uint32_t* weightPoints, size_t b,
                    bool halfB, uint32_t* sums) {
  const PolyLoops& loops = polyLoops();
  const PackedLayout& layout = shape.layout;
  const size_t tokenStride = (shape.length + 1) * columns;
  for (size_t f = 0; f < shape.length; f++)
    for (size_t block = 0; block < shape.tokenBlocks(); block++) {
      if (!tokenMatters(layout, halfB, block * shape.tile) && block + 1 != shape.tokenBlocks()) continue;
      loops.tile(shape.panel(points, f, b, block), weightPoints + f * (layout.inputBlocks() + 1) * columns, shape.tile,
                 layout.inputBlocks(), table.modulus, sums + block * shape.tile * tokenStride + f * columns, tokenStride);
    }
  for (size_t i = 0; i < layout.tokens; i++)
    if (tokenMatters(layout, halfB, i)) loops.inverseColumns(sums + i * tokenStride, shape.length, table);
}

/** Adds what wraps into the next token, scales, and turns columns into polynomials times X^-(kIn - 1). products + lane ·
 *  productStride: n words each, for `lanes` lanes. */
void foldTokens(const Shape& shape, const NttTable& table, const uint32_t* sums, size_t lanes, uint32_t* folded,
                uint32_t* products, size_t productStride) {
  const PolyLoops& loops = polyLoops();
  const PackedLayout& layout = shape.layout;
  const Modulus& m = table.modulus;
  const size_t n = layout.n, phi = layout.phi(), back = layout.kIn - 1, tokenStride = (shape.length + 1) * columns;
  const Factor factor = m.factor(m.inverse(m.reduceWide(static_cast<uint64_t>(layout.kIn) * shape.length)));
  for (size_t i = 0; i < layout.tokens; i++) {
    const size_t previous = (i + layout.tokens - 1) % layout.tokens;
    loops.fold(sums + i * tokenStride, sums + previous * tokenStride + phi * columns, i == 0, factor, phi * columns, m,
               folded + i * phi * columns);
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

}  // namespace

size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, const uint8_t* inputs, const uint8_t* publicSeed,
                      const PackedWeights& weights, size_t threads, uint32_t* products) {
  const Shape shape(layout);
  const size_t n = layout.n, inputBlocks = layout.inputBlocks(), limbs = layout.limbs, cts = layout.inputCiphertexts();
  const size_t limbBytes = packedBytes(layout.sentCoefficients());
  const size_t together = layout.tokens < 16 ? 16 / layout.tokens : 1;    // ciphertexts that fill 16 lanes
  const size_t tiles = (layout.outputBlocks() + columns - 1) / columns;
  std::atomic<size_t> invalid{0};
  Words pointsA(shape.length * shape.pointStride), pointsB(shape.length * shape.pointStride);
  for (size_t l = 0; l < limbs; l++) {
    const NttTable& table = context.table(l);
    splitWork(threads, (cts + together - 1) / together, [&](size_t chunk, size_t) {
      Words polys(together * n), work(shape.length * columns);
      Sampler sampler(publicSeed);
      const size_t first = chunk * together, last = std::min(cts, first + together);
      std::memset(polys.data(), 0, 4 * together * n);
      for (size_t ct = first; ct < last; ct++) {
        sampler.seek(ct * limbs + l);
        sampler.uniform(table.modulus, n, polys.data() + (ct - first) * n);
      }
      transformInputs(shape, table, polys.data(), first * layout.tokens, together * layout.tokens, work.data(), pointsA.data());
      for (size_t ct = first; ct < last; ct++)
        invalid += unpackSent(layout, inputs + (ct * limbs + l) * limbBytes, table.modulus, polys.data() + (ct - first) * n);
      transformInputs(shape, table, polys.data(), first * layout.tokens, together * layout.tokens, work.data(), pointsB.data());
    });
    splitWork(threads, layout.batch * tiles, [&](size_t unit, size_t) {
      const size_t b = unit / tiles, firstBlock = unit % tiles * columns;
      const size_t lanes = std::min(columns, layout.outputBlocks() - firstBlock);
      Words weightPoints(shape.length * (inputBlocks + 1) * columns), sums(layout.tokens * (shape.length + 1) * columns);
      Words folded(std::max(n, shape.length) * columns);
      transformWeights(shape, table, weights, b, firstBlock, folded.data(), weightPoints.data());
      uint32_t* out = products + ((b * layout.outputBlocks() + firstBlock) * 2 * limbs + l) * n;
      for (const bool halfB : {true, false}) {
        multiplyPoints(shape, table, (halfB ? pointsB : pointsA).data(), weightPoints.data(), b, halfB, sums.data());
        foldTokens(shape, table, sums.data(), lanes, folded.data(), out + (halfB ? 0 : limbs * n), 2 * limbs * n);
      }
    });
  }
  return invalid;
}

}  // namespace cipherprune
