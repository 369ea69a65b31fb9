// Trees grow level by level, many at once, so that even the top levels fill the registers of the cipher.
#include <cstring>

#include "ot.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

/** Leaves that are grown together: they stay in the cache. */
constexpr size_t kBatchLeaves = 4096;

void xorBlock(uint8_t* sum, const uint8_t* block) {
  uint64_t a[2], b[2];
  memcpy(a, sum, 16);
  memcpy(b, block, 16);
  a[0] ^= b[0];
  a[1] ^= b[1];
  memcpy(sum, a, 16);
}

/** sums[0] and sums[1]: XOR of the even and of the odd nodes. */
void sumSides(const uint8_t* nodes, size_t count, uint8_t* sums) {
  uint64_t s[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < count; i += 2) {
    uint64_t pair[4];
    memcpy(pair, nodes + i * kBlockBytes, 32);
    for (int j = 0; j < 4; j++) s[j] ^= pair[j];
  }
  memcpy(sums, s, 32);
}

template <class GrowBatch>
void inBatches(size_t trees, int depth, GrowBatch growBatch) {
  const size_t batch = (kBatchLeaves >> depth) > 0 ? kBatchLeaves >> depth : 1;
  for (size_t first = 0; first < trees; first += batch) growBatch(first, trees - first < batch ? trees - first : batch);
}

}  // namespace

void pprfGrow(Suite suite, const uint8_t* roots, size_t trees, int depth, uint8_t* leaves, uint8_t* sums) {
  inBatches(trees, depth, [=](size_t first, size_t count) {
    uint8_t* nodes = leaves + (first * kBlockBytes << depth);
    memcpy(nodes, roots + first * kBlockBytes, count * kBlockBytes);
    for (int level = 0; level < depth; level++) {
      ggmDouble(suite, nodes, nodes, count << level);
      const size_t width = size_t{2} << level;
      for (size_t t = 0; t < count; t++)
        sumSides(nodes + t * width * kBlockBytes, width,
                 sums + ((first + t) * static_cast<size_t>(depth) + static_cast<size_t>(level)) * 2 * kBlockBytes);
    }
  });
}

void pprfGrowPunctured(Suite suite, const uint32_t* points, const uint8_t* sums, size_t trees, int depth, uint8_t* leaves) {
  inBatches(trees, depth, [=](size_t first, size_t count) {
    uint8_t* nodes = leaves + (first * kBlockBytes << depth);
    memset(nodes, 0, count * kBlockBytes);
    for (int level = 0; level < depth; level++) {
      ggmDouble(suite, nodes, nodes, count << level);
      const size_t width = size_t{2} << level;
      for (size_t t = 0; t < count; t++) {
        uint8_t* tree = nodes + t * width * kBlockBytes;
        const size_t onPath = points[first + t] >> (depth - 1 - level), sibling = onPath ^ 1;
        // neither child of the unknown node is known: the path stays zero, the sibling is the sum less all others
        memset(tree + (onPath & sibling) * kBlockBytes, 0, 2 * kBlockBytes);
        uint8_t sides[2 * kBlockBytes];
        sumSides(tree, width, sides);
        uint8_t* target = tree + sibling * kBlockBytes;
        memcpy(target, sums + ((first + t) * static_cast<size_t>(depth) + static_cast<size_t>(level)) * kBlockBytes,
               kBlockBytes);
        xorBlock(target, sides + (sibling & 1) * kBlockBytes);
      }
    }
  });
}

}  // namespace cipherprune
