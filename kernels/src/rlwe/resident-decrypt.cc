// What the server does with a client's message (resident.h): half b plus half a times the secret of each block, at the outputs.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "keys.h"
#include "noise-distance.h"
#include "resident-leaves.h"
#include "resident-secret.h"
#include "src/base/parallel.h"
#include "src/ring/ring.h"

namespace cipherprune {

namespace {

/** Half a of a row in the first downLimbs primes, transformed and reduced: [limb][rank][n]. */
void halfOf(const RlweContext& context, const ResidentLayout& layout, const MessageScale& scale, const uint8_t* bytes, uint32_t* out) {
  const size_t count = layout.rank * layout.n;
  std::vector<uint64_t> words(count);
  Words planes(MessageScale::terms * count);
  ringUnpack(bytes, 0, count, layout.aBits, words.data());
  for (size_t k = 0; k < count; k++) scale.digits(words[k], planes.data() + k, count);
  for (size_t l = 0; l < layout.downLimbs; l++, out += count) {
    const NttTable& table = context.table(l);
    uint32_t factors[MessageScale::terms];
    scale.factors(l, factors);
    polyLoops().combine(planes.data(), count, factors, MessageScale::terms, 0, count, table.modulus, out);
    for (size_t j = 0; j < layout.rank; j++) polyLoops().forward(out + j * layout.n, table);
    polyLoops().reduce(out, count, table.modulus);
  }
}

/** Blocks of one call. */
class BlockDecryptor {
 public:
  BlockDecryptor(const RlweContext& context, const ResidentLayout& layout, const uint8_t* secretSeed, const uint32_t* halves, const uint8_t* bytes,
                 size_t rows, size_t first, size_t count, uint64_t* out)
      : context(context), layout(layout), secretSeed(secretSeed), halves(halves), bytes(bytes), rows(rows), first(first), count(count), out(out),
        rounding(context, layout.downLimbs, layout.ringBits), secrets(count * halfWords()), worst(groups() * parts()) {}

  /** Returns the largest distance to what a coefficient was rounded to. */
  uint64_t decrypt(size_t threads) {
    splitWork(threads, parts(), [&](size_t part, size_t) { secretsOf(part); });
    splitWork(threads, groups() * parts(), [&](size_t unit, size_t) { worst[unit] = decryptRows(unit / parts(), unit % parts()); });
    return std::accumulate(worst.begin(), worst.end(), uint64_t{0}, largerOf);
  }

 private:
  /** Sixteen rows, and two blocks, are worked on together. */
  size_t groups() const { return (rows + columns - 1) / columns; }
  size_t parts() const { return (count + laneBlocks - 1) / laneBlocks; }
  size_t blocksOf(size_t part) const { return std::min(laneBlocks, count - part * laneBlocks); }
  size_t halfWords() const { return layout.downLimbs * layout.rank * layout.n; }
  /** Of one limb, sixteen outputs: leaves times rank. */
  size_t terms() const { return layout.kIn * layout.rank; }
  size_t vectors() const { return layout.kOut() / columns; }

  /** To [limb] as toLeaves has it. */
  void secretsOf(size_t part) {
    const size_t blocks = blocksOf(part), limbWords = layout.rank * layout.n;
    Words secret(halfWords());
    for (size_t c = 0; c < blocks; c++) {
      residentSecret(context, layout, secretSeed, first + part * laneBlocks + c, layout.downLimbs, secret.data());
      for (size_t l = 0; l < layout.downLimbs; l++)
        toLeaves(layout, secret.data() + l * limbWords, c, blocks, secrets.data() + part * laneBlocks * halfWords() + l * blocks * limbWords);
    }
  }

  uint64_t decryptRows(size_t group, size_t part) const {
    const size_t begin = group * columns, end = std::min(rows, begin + columns), blocks = blocksOf(part), kOut = layout.kOut();
    // [block][limb][kOut][16 rows]
    Words nodes(blocks * layout.downLimbs * kOut * columns);
    for (size_t l = 0; l < layout.downLimbs; l++) {
      for (size_t vector = 0; vector < vectors(); vector++) sumNodes(begin, end, part, l, vector, nodes.data());
      for (size_t c = 0; c < blocks; c++) outputsOfNodes(layout, context.table(l), nodes.data() + (c * layout.downLimbs + l) * kOut * columns);
    }
    uint64_t largest = 0;
    for (size_t c = 0; c < blocks; c++)
      largest = largerOf(largest, roundRows(begin, end, first + part * laneBlocks + c, nodes.data() + c * layout.downLimbs * kOut * columns));
    return largest;
  }

  /** Sixteen nodes of one limb, of each block of the part. */
  void sumNodes(size_t begin, size_t end, size_t part, size_t limb, size_t vector, uint32_t* nodes) const {
    const size_t blocks = blocksOf(part), words = terms() * columns;
    const uint32_t* secret = secrets.data() + part * laneBlocks * halfWords() + (limb * vectors() + vector) * blocks * words;
    uint32_t products[laneRows * laneBlocks * columns];
    const auto block = [&](size_t c) { return nodes + ((c * layout.downLimbs + limb) * vectors() + vector) * columns * columns; };
    for (size_t row = begin; row < end; row += laneRows) {
      const size_t height = std::min(laneRows, rows - row);
      polyLoops().laneProducts(halves + row * halfWords() + (limb * vectors() + vector) * height * words, height, secret, blocks, terms(),
                               context.modulus(limb), products);
      for (size_t r = 0; r < height; r++)
        for (size_t c = 0; c < blocks; c++)
          std::memcpy(block(c) + (row - begin + r) * columns, products + (r * blocks + c) * columns, 4 * columns);
    }
    // Rows that there are not: any numbers below p.
    for (size_t c = 0; c < blocks; c++) {
      std::memset(block(c) + (end - begin) * columns, 0, 4 * (columns - (end - begin)) * columns);
      polyLoops().transpose(block(c));
    }
  }

  /** Half b, plus what its rows' outputs have of half a: [limb][kOut][16 rows]. */
  uint64_t roundRows(size_t begin, size_t end, size_t v, const uint32_t* ofA) const {
    const size_t width = layout.width(v), kOut = layout.kOut();
    std::vector<uint64_t> b((end - begin) * width);
    ringUnpack(bytes + layout.blocksBytes(rows, first, v), begin * width, b.size(), layout.bBits, b.data());
    uint64_t largest = 0;
    for (size_t i = begin; i < end; i++)
      for (size_t o = 0; o < width; o++) {
        uint64_t fraction = b[(i - begin) * width + o] << (64 - layout.bBits);
        for (size_t l = 0; l < layout.downLimbs; l++) fraction += rounding.term(ofA[(l * kOut + o) * columns + i - begin], l);
        const uint64_t value = rounding.round(fraction) & ringMaskOf(layout.ringBits);
        out[i * layout.outputs + v * kOut + o] = value;
        largest = largerOf(largest, noiseDistance(fraction, value, layout.ringBits));
      }
    return largest;
  }

  const RlweContext& context;
  const ResidentLayout& layout;
  const uint8_t* secretSeed;
  const uint32_t* halves;
  const uint8_t* bytes;
  size_t rows, first, count;
  uint64_t* out;
  MessageRounding rounding;
  Words secrets;
  std::vector<uint64_t> worst;
};

}  // namespace

void residentHalves(const RlweContext& context, const ResidentLayout& layout, const uint8_t* bytes, size_t rows, size_t threads,
                    uint32_t* halves) {
  const MessageScale scale(context, layout.downLimbs, layout.aBits);
  const size_t limbWords = layout.rank * layout.n, words = layout.downLimbs * limbWords;
  splitWork(threads, (rows + laneRows - 1) / laneRows, [&](size_t chunk, size_t) {
    const size_t first = chunk * laneRows, height = std::min(laneRows, rows - first);
    Words half(words);
    for (size_t r = 0; r < height; r++) {
      halfOf(context, layout, scale, bytes + (first + r) * layout.aBytes(), half.data());
      for (size_t l = 0; l < layout.downLimbs; l++)
        toLeaves(layout, half.data() + l * limbWords, r, height, halves + first * words + l * height * limbWords);
    }
  });
}

void decryptResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* secretSeed, const uint32_t* halves,
                     const uint8_t* bytes, size_t rows, size_t first, size_t count, size_t threads, uint64_t* out, uint64_t* noise) {
  *noise = BlockDecryptor(context, layout, secretSeed, halves, bytes, rows, first, count, out).decrypt(threads);
}

}  // namespace cipherprune
