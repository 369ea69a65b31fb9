// Ciphertext times weights without transforms of length n: the weights reach over less than phi coefficients, so segments
// of a few tokens (phi coefficients each) are convolved by themselves, by cyclic transforms with room for one token more,
// and at each of their points the sums over input blocks are a modular matrix product [segments, inputBlocks] ·
// [inputBlocks, outputBlocks]. What a segment's product has beyond its tokens belongs to the next one (X^phi = Y). Weights
// are transformed on the fly, 16 columns at a time: nothing is stored expanded.
// Of half b alone, each kIn-th coefficient is all that packing leaves. Over Z = X^kIn these are sums over features of that feature's coefficients of half b,
// a polynomial in Z, times its weights at Z^o: the same multiplication with one feature a ciphertext, as many terms, and transforms shorter by kIn.
#include "packed-multiply.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "packed-inputs.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

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
  const size_t inputBlocks = segments.layout.inputBlocks(), used = weights.blockWords(), stride = (inputBlocks + 1) * columns;
  for (size_t u = 0; u < inputBlocks; u++) {
    loops.residues(weights.block(unit, u), used, table.modulus, work);
    loops.forwardColumns(work, segments.length, used / columns, segments.whole, table, out + u * columns, stride);
  }
}

/** Of words as long as `whole` rows, those of some of the rows. */
inline void prefetchPart(const uint32_t* at, size_t words, size_t first, size_t rows, size_t whole) {
  const size_t begin = words * first / whole, end = words * (first + rows) / whole;
  prefetchWords(at + begin, end - begin);
}

/** Sums at all points, then transforms back: sums [segment][length + 1][16], of half b the coefficients that packing leaves, each
 *  kIn-th, [segment][length / kIn][16] as far apart. */
void multiplyPoints(const Segments& segments, const NttTable& table, const uint32_t* points, const uint32_t* weightPoints, size_t b,
                    bool halfB, uint32_t* sums) {
  const PolyLoops& loops = polyLoops();
  const size_t inputBlocks = segments.layout.inputBlocks(), stride = segments.sumStride();
  const size_t inputWords = inputBlocks * segments.count, weightWords = (inputBlocks + 1) * columns;
  for (size_t f = 0; f < segments.length; f++) {
    const uint32_t* a = points + f * segments.pointStride + b * inputWords;
    const uint32_t* w = weightPoints + f * weightWords;
    for (size_t first = 0, left = segments.count; left > 0;) {
      // As even as may be.
      const size_t rows = left / ((left + mostTileRows - 1) / mostTileRows);
      // A tile's inputs and weights are more than the cache holds, and each is read once: those of the next point come meanwhile.
      if (f + 1 < segments.length) {
        prefetchPart(a + segments.pointStride, inputWords, first, rows, segments.count);
        prefetchPart(w + weightWords, weightWords, first, rows, segments.count);
      }
      if (segments.matters(halfB, first) || first + rows == segments.count)
        loops.tile(a + first, segments.count, w, rows, inputBlocks, table.modulus, sums + first * stride + f * columns, stride);
      first += rows, left -= rows;
    }
  }
  for (size_t s = 0; s < segments.count; s++) {
    if (!segments.matters(halfB, s)) continue;
    if (halfB) loops.inverseColumnsLast(sums + s * stride, segments.length, segments.layout.logKIn(), segments.whole, table);
    else loops.inverseColumns(sums + s * stride, segments.length, segments.whole, table);
  }
}

/** Adds what a segment's product has beyond its tokens to the next one (to the first, negated, from the last), and scales by `weight`: rows
 *  [n / unit][16] of what has each unit-th coefficient. */
void foldSegments(const Segments& segments, const NttTable& table, const uint32_t* sums, size_t unit, uint32_t weight, uint32_t* folded) {
  const PolyLoops& loops = polyLoops();
  const Modulus& m = table.modulus;
  const size_t phi = segments.phi / unit, stride = segments.sumStride();
  const Factor factor = m.factor(m.multiply(m.inverse(static_cast<uint32_t>(segments.length)), m.factor(weight)));
  if (segments.whole) loops.scale(sums, factor, segments.layout.n / unit * columns, m, folded);
  for (size_t s = 0; s < segments.count && !segments.whole; s++) {
    const size_t previous = (s + segments.count - 1) % segments.count, extent = segments.extent(s) / unit;
    uint32_t* to = folded + s * segments.tokens * phi * columns;
    const uint32_t* from = sums + s * stride;
    loops.fold(from, sums + previous * stride + segments.extent(previous) / unit * columns, s == 0, factor, phi * columns, m, to);
    loops.scale(from + phi * columns, factor, (extent - phi) * columns, m, to + phi * columns);
  }
}

/** Neighbouring lanes whose products are neighbours in a group, which is packed by so many. */
struct Run {
  size_t lane, count, group, place, packed;
};

std::vector<Run> runsOf(const PackedLayout& layout, size_t firstProduct, size_t lanes) {
  std::vector<Run> runs;
  for (size_t lane = 0; lane < lanes;) {
    const size_t product = firstProduct + lane, place = product % layout.kIn, count = std::min(lanes - lane, layout.kIn - place);
    const size_t group = product / layout.kIn;
    runs.push_back({lane, count, group, place, layout.groupKIn(group)});
    lane += count;
  }
  return runs;
}

/** Lanes of a row to their places. */
inline void copyLanes(const uint32_t* row, const Run& run, uint32_t* to) {
  if (run.count == columns) std::memcpy(to + run.place, row, 4 * columns);
  else std::memcpy(to + run.place, row + run.lane, 4 * run.count);
}

/** One worker's buffers for a tile of 16 products. */
struct Workspace {
  Words weightPoints, sums, folded;

  explicit Workspace(const Segments& s)
      : weightPoints(s.length * (s.layout.inputBlocks() + 1) * columns), sums(s.count * s.sumStride()),
        folded(std::max(s.layout.n, s.length) * columns) {}
};

/** What a tile adds up at most (ntt.h). */
constexpr size_t mostTerms = 4096;

/** As what a call's products are multiplied: half b alone over Z. */
PackedLayout multipliedAs(const PackedLayout& layout, Halves halves) {
  PackedLayout result = layout;
  if (!halves.a && layout.inputs <= mostTerms) result.n /= layout.kIn, result.kIn = 1;
  return result;
}

/** All products of one call. */
class PackedMultiplier {
 public:
  PackedMultiplier(const RlweContext& context, const PackedLayout& layout, Halves halves, const uint8_t* inputs, Seed publicSeed,
                   const PackedWeights& matrix, size_t threads)
      : context(context), layout(layout), halves(halves), multiplied(multipliedAs(layout, halves)), segments(multiplied), weights(multiplied, matrix, threads), inputs(inputs), publicSeed(publicSeed),
        threads(threads), tilesOfOne((layout.outputBlocks() + columns - 1) / columns), workspaces(threads),
        weightsOfA(layout.isPackedWhole() ? componentWeights(context, layout.limbs) : std::vector<uint32_t>(layout.limbs, 1)) {}

  /** Returns how many received residues were invalid. */
  size_t transformInputs() {
    const size_t words = segments.length * segments.pointStride;
    for (size_t l = 0; l < 2 * layout.limbs; l++) points.emplace_back(isWanted(l % 2) ? words : 0);
    // Ciphertexts that fill whole batches of 16 columns.
    const size_t cts = layout.inputCiphertexts(), together = std::min(cts, columns), chunks = (cts + together - 1) / together;
    std::atomic<size_t> invalid{0};
    splitWork(threads, layout.limbs * chunks, [&](size_t unit, size_t) {
      const size_t first = unit % chunks * together;
      invalid += transformChunk(unit / chunks, first, std::min(cts, first + together));
    });
    return invalid;
  }

  /** Tiles of 16 output blocks, of all of the batch, and the products of those before one. */
  size_t tiles() const { return layout.batch * tilesOfOne; }
  size_t productsBefore(size_t tile) const {
    return tile / tilesOfOne * layout.outputBlocks() + std::min(layout.outputBlocks(), tile % tilesOfOne * columns);
  }

  /** Of whole groups. */
  void multiply(size_t firstTile, size_t lastTile, const ProductGroups& products) {
    const size_t count = lastTile - firstTile;
    splitWork(threads, layout.limbs * count, [&](size_t unit, size_t worker) {
      if (!workspaces[worker]) workspaces[worker] = std::make_unique<Workspace>(segments);
      const size_t tile = firstTile + unit % count;
      multiplyTile(unit / count, tile, *workspaces[worker], productsBefore(firstTile) / layout.kIn, products);
    });
  }

 private:
  bool isWanted(bool halfB) const { return halfB ? halves.b : halves.a; }

  const Words& pointsOf(size_t limb, bool halfB) const { return points[2 * limb + halfB]; }

  size_t transformChunk(size_t limb, size_t first, size_t last) {
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, limbs = layout.limbs, limbBytes = packedBytes(layout.sentCoefficients());
    size_t invalid = 0;
    Words half(n), component(multiplied.n);
    Sampler sampler(publicSeed);
    for (const bool halfB : {true, false}) {
      if (!isWanted(halfB)) continue;
      InputColumns lanes(segments, table, points[2 * limb + halfB].data());
      lanes.start((first / layout.inputBlocks() * multiplied.inputBlocks() + first % layout.inputBlocks() * blocksOfOne()) * segments.count);
      for (size_t ct = first; ct < last; ct++) {
        if (halfB) {
          invalid += unpackSent(layout, inputs + (ct * limbs + limb) * limbBytes, table.modulus, half.data());
        } else {
          sampler.seek(ct * limbs + limb);
          sampler.uniform(table.modulus, n, half.data());
        }
        pushSegments(half.data(), ct % layout.inputBlocks(), component.data(), lanes);
      }
      lanes.flush();
    }
    return invalid;
  }

  /** Of an input ciphertext. */
  size_t blocksOfOne() const { return layout.kIn / multiplied.kIn; }

  void pushSegments(const uint32_t* half, size_t block, uint32_t* component, InputColumns& lanes) const {
    const auto push = [&](const uint32_t* x) {
      for (size_t s = 0; s < segments.count; s++) lanes.push(x + s * segments.tokens * segments.phi, segments.extent(s));
    };
    const size_t blocks = blocksOfOne();
    if (blocks == 1) return push(half);
    for (size_t c = 0; c < std::min(blocks, layout.inputs - block * blocks); c++) {
      for (size_t m = 0; m < multiplied.n; m++) component[m] = half[m * blocks + c];
      push(component);
    }
  }

  /** One limb of sixteen products of one of the batch, into groups of which the first is that of all `firstGroup`. */
  void multiplyTile(size_t limb, size_t tile, Workspace& w, size_t firstGroup, const ProductGroups& products) const {
    const NttTable& table = context.table(limb);
    const size_t b = tile / tilesOfOne, firstBlock = tile % tilesOfOne * columns;
    const std::vector<Run> runs = runsOf(layout, productsBefore(tile), std::min(columns, layout.outputBlocks() - firstBlock));
    transformWeights(segments, table, weights, tile, w.folded.data(), w.weightPoints.data());
    for (const bool halfB : {true, false}) {
      if (!isWanted(halfB)) continue;
      multiplyPoints(segments, table, pointsOf(limb, halfB).data(), w.weightPoints.data(), b, halfB, w.sums.data());
      foldSegments(segments, table, w.sums.data(), halfB ? multiplied.kIn : 1, halfB ? 1 : weightsOfA[limb], w.folded.data());
      for (const Run& run : runs) {
        const size_t group = run.group - firstGroup;
        if (halfB) scatterB(w.folded.data(), run, products.b(group, limb));
        else scatterA(w.folded.data(), run, products.components(group, limb, run.packed));
      }
    }
  }

  /** Rows [n / kIn][16]. */
  void scatterB(const uint32_t* rows, const Run& run, uint32_t* b) const {
    const size_t kIn = layout.kIn;
    for (size_t m = 0; m < layout.n / kIn; m++) copyLanes(rows + m * columns, run, b + m * kIn + kIn - run.packed);
  }

  /** Rows [n][16], the last component first. A few components at a time: n words apart, they lie in the same places of the cache. */
  void scatterA(const uint32_t* rows, const Run& run, uint32_t* components) const {
    const size_t packed = run.packed, n = layout.n, together = std::min(packed, size_t{4});
    for (size_t first = 0; first < packed; first += together)
      for (size_t m = 0; m < n / packed; m++)
        for (size_t j = first; j < first + together; j++)
          copyLanes(rows + (m * packed + j) * columns, run, components + (packed - 1 - j) * n + m * packed);
  }

  const RlweContext& context;
  const PackedLayout& layout;
  Halves halves;
  const PackedLayout multiplied;
  const Segments segments;
  const OrderedWeights weights;
  const uint8_t* inputs;
  Seed publicSeed;
  size_t threads, tilesOfOne;
  std::vector<std::unique_ptr<Workspace>> workspaces;
  /** Of half a by limb. */
  std::vector<uint32_t> weightsOfA;
  /** Of the inputs: [limb][half a, half b]. */
  std::vector<Words> points;
};

/** The tile behind the last of a slice that begins with `first`: enough products, and whole groups of them. */
size_t endOfSlice(const PackedMultiplier& multiplier, const PackedLayout& layout, size_t first, size_t leastProducts) {
  size_t last = first + 1;
  for (; last < multiplier.tiles(); last++) {
    const size_t products = multiplier.productsBefore(last);
    if (products - multiplier.productsBefore(first) >= leastProducts && products % layout.kIn == 0) break;
  }
  return last;
}

/** Products that are there at once, if whole groups allow: each thread has work, and they are packed before they have left the cache. */
constexpr size_t sliceBytes = size_t{16} << 20, sliceBytesOfThread = size_t{4} << 20;

}  // namespace

size_t multiplyPacked(const RlweContext& context, const PackedLayout& layout, Halves halves, const uint8_t* inputs, Seed publicSeed,
                      const PackedWeights& weights, size_t threads, const PackProducts& pack) {
  PackedMultiplier multiplier(context, layout, halves, inputs, publicSeed, weights, threads);
  const size_t invalid = multiplier.transformInputs();
  if (invalid) return invalid;
  const size_t least = (sliceBytes + threads * sliceBytesOfThread) / (8 * layout.limbs * layout.n) + 1;
  std::vector<size_t> ends{0};
  size_t most = 0;
  while (ends.back() < multiplier.tiles()) {
    const size_t first = ends.back();
    ends.push_back(endOfSlice(multiplier, layout, first, least));
    most = std::max(most, multiplier.productsBefore(ends.back()) - multiplier.productsBefore(first));
  }
  const ProductGroups products(layout, halves, (most + layout.kIn - 1) / layout.kIn);
  for (size_t slice = 1; slice < ends.size(); slice++) {
    const size_t first = multiplier.productsBefore(ends[slice - 1]) / layout.kIn, end = multiplier.productsBefore(ends[slice]);
    const size_t last = (end + layout.kIn - 1) / layout.kIn;
    if (end % layout.kIn != 0) products.clear(last - 1 - first);
    for (size_t g = first; g < last && !halves.b; g++) products.clearB(g - first);
    multiplier.multiply(ends[slice - 1], ends[slice], products);
    pack(first, last, products);
  }
  return 0;
}

}  // namespace cipherprune
