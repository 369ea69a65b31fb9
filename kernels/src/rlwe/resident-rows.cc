#include "resident-rows.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "src/base/parallel.h"
#include "src/ring/ring.h"

namespace cipherprune {

uint64_t nearestFraction(uint64_t fraction, int bits) {
  return ((fraction + (uint64_t{1} << (63 - bits))) >> (64 - bits)) & ringMaskOf(bits);
}

void ResidentRows::halves(size_t threads, uint8_t* out) {
  publicHalves(threads);
  splitWork(threads, chunks(), [&](size_t chunk, size_t) { halvesOf(chunk, out); });
}

size_t ResidentRows::chunks() const { return (rows + laneRows - 1) / laneRows; }
size_t ResidentRows::heightOf(size_t chunk) const { return std::min(laneRows, rows - chunk * laneRows); }
size_t ResidentRows::secretsAt(size_t limb, size_t chunk) const { return (limb * rows + chunk * laneRows) * layout.rank * layout.n; }

void ResidentRows::publicHalves(size_t threads) {
  const size_t n = layout.n, rank = layout.rank, inputs = layout.inputBlocks();
  splitWork(threads, layout.limbs * rank, [&](size_t unit, size_t) {
    ResidentPublic from(context, layout, publicSeed);
    const size_t l = unit / rank, j = unit % rank;
    Words half(n);
    for (size_t t = 0; t < terms(); t++) {
      if (t < inputs) from.input(t, j, l, half.data());
      else from.zero(j, t - inputs, l, half.data());
      spread(half.data(), publics.data() + l * terms() * rank * n + (t * rank + j) * columns, terms() * rank * columns);
    }
  });
}

void ResidentRows::spread(const uint32_t* from, uint32_t* to, size_t stride) const {
  for (size_t f = 0; f < pointVectors(); f++) std::memcpy(to + f * stride, from + f * columns, 4 * columns);
}

void ResidentRows::halvesOf(size_t chunk, uint8_t* out) {
  const PolyLoops& loops = polyLoops();
  const size_t n = layout.n, rank = layout.rank, count = rank * n, first = chunk * laneRows, height = heightOf(chunk);
  std::vector<int32_t> secret(height * count), error(height * count);
  for (size_t r = 0; r < height; r++) {
    Sampler sampler({Suite::aes, secretSeed});
    sampler.seek(first + r);
    sampler.ternary(count, secret.data() + r * count);
    sampler.error(count, error.data() + r * count);
  }
  std::vector<uint64_t> fractions(height * count);
  Words factors(terms() * height * n), sums(height * rank * columns), halves(height * count), residues(n);
  for (size_t l = 0; l < layout.limbs; l++) {
    const NttTable& table = context.table(l);
    for (size_t r = 0; r < height; r++) transformFactors(l, first + r, r, height, secret.data() + r * count, factors.data());
    keepSecrets(l, chunk, factors.data());
    for (size_t f = 0; f < pointVectors(); f++) {
      loops.laneProducts(factors.data() + f * terms() * height * columns, height,
                         publics.data() + (l * pointVectors() + f) * terms() * rank * columns, rank, terms(), table.modulus, sums.data());
      for (size_t k = 0; k < height * rank; k++) std::memcpy(halves.data() + k * n + f * columns, sums.data() + k * columns, 4 * columns);
    }
    for (size_t k = 0; k < height * rank; k++) {
      uint32_t* half = halves.data() + k * n;
      loops.inverse(half, table);
      residuesOf(error.data() + k * n, n, table.modulus, residues.data());
      loops.add(half, residues.data(), n, table.modulus, half);
      for (size_t e = 0; e < n; e++) fractions[k * n + e] += rounding.term(half[e], l);
    }
  }
  for (uint64_t& fraction : fractions) fraction = nearestFraction(fraction, layout.aBits);
  for (size_t r = 0; r < height; r++) ringPack(fractions.data() + r * count, count, layout.aBits, out + (first + r) * layout.aBytes());
}

void ResidentRows::transformFactors(size_t limb, size_t row, size_t r, size_t height, const int32_t* secret, uint32_t* out) const {
  const PolyLoops& loops = polyLoops();
  const NttTable& table = context.table(limb);
  const size_t n = layout.n, inputs = layout.inputBlocks();
  Words polynomial(n), ofRow((features() + columns - 1) / columns * columns);
  shares.residues(table.modulus, row * features(), features(), ofRow.data());
  for (size_t t = 0; t < terms(); t++) {
    if (t < inputs) {
      loops.forwardLow(ofRow.data() + t * layout.kIn, layout.kIn, polynomial.data(), table);
    } else {
      residuesOf(secret + (t - inputs) * n, n, table.modulus, polynomial.data());
      loops.forward(polynomial.data(), table);
    }
    loops.reduce(polynomial.data(), n, table.modulus);
    spread(polynomial.data(), out + (t * height + r) * columns, terms() * height * columns);
  }
}

void ResidentRows::keepSecrets(size_t limb, size_t chunk, const uint32_t* factors) {
  const size_t rank = layout.rank, height = heightOf(chunk), inputs = layout.inputBlocks();
  uint32_t* to = secrets.data() + secretsAt(limb, chunk);
  forEachLeaf(layout, [&](size_t at, size_t vector, size_t k, size_t lane) {
    for (size_t i = 0; i < rank; i++)
      for (size_t r = 0; r < height; r++)
        to[((((vector * layout.kIn + k) * rank + i) * height) + r) * columns + lane] =
            factors[((at / columns * terms() + inputs + i) * height + r) * columns + at % columns];
  });
}

void ResidentRows::addZeros(size_t limb, const uint32_t* publicKeys, size_t blocks, uint32_t* const sums[]) const {
  const PolyLoops& loops = polyLoops();
  const NttTable& table = context.table(limb);
  const size_t kOut = layout.kOut(), words = layout.kIn * layout.rank * columns;
  Words nodes(blocks * kOut * columns);
  uint32_t products[laneRows * laneBlocks * columns];
  for (size_t first = 0; first < rows; first += columns) {
    const size_t last = std::min(rows, first + columns);
    for (size_t row = first; row < last; row += laneRows) {
      const size_t chunk = row / laneRows, height = heightOf(chunk);
      for (size_t vector = 0; vector < outputVectors(); vector++) {
        loops.laneProducts(secrets.data() + secretsAt(limb, chunk) + vector * height * words, height, publicKeys + vector * blocks * words, blocks,
                           words / columns, table.modulus, products);
        for (size_t r = 0; r < height; r++)
          for (size_t c = 0; c < blocks; c++)
            for (size_t lane = 0; lane < columns; lane++)
              nodes[(c * kOut + vector * columns + lane) * columns + row - first + r] = products[(r * blocks + c) * columns + lane];
      }
    }
    for (size_t c = 0; c < blocks; c++) {
      const uint32_t* outputs = nodes.data() + c * kOut * columns;
      outputsOfNodes(layout, table, nodes.data() + c * kOut * columns);
      for (size_t row = first; row < last; row++)
        for (size_t o = 0; o < kOut; o++) {
          uint32_t& to = sums[c][row * kOut + o];
          to = table.modulus.add(table.modulus.once(to), outputs[o * columns + row - first]);
        }
    }
  }
}

}  // namespace cipherprune
