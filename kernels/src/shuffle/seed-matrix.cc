#include "seed-matrix.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "src/base/cpu.h"
#include "src/prg/prg.h"

namespace cipherprune {

namespace {

constexpr size_t kBlock = kBlockBytes;
/** Trees that are grown together: enough to fill the AES pipeline, few enough to stay in cache. */
constexpr size_t kTreesTogether = 32;
enum KeyPurpose : uint8_t { leftChild = 0, rightChild = 1, rowBytes = 2 };

AesKey fixedKey(const uint8_t* salt, KeyPurpose purpose) {
  uint8_t key[kBlock];
  std::memcpy(key, salt, kBlock);
  key[0] ^= purpose;
  AesKey expanded;
  aesSetKey(&expanded, key);
  return expanded;
}

inline void xorBlock(uint8_t* target, const uint8_t* other) {
  uint64_t a[2], b[2];
  std::memcpy(a, target, kBlock);
  std::memcpy(b, other, kBlock);
  a[0] ^= b[0];
  a[1] ^= b[1];
  std::memcpy(target, a, kBlock);
}

/** Nodes of a level that have a leaf below them. */
size_t levelWidth(size_t leaves, unsigned depth, unsigned level) {
  const unsigned below = depth - level;
  return (leaves + (size_t{1} << below) - 1) >> below;
}

/** The salt's halves: nonces of trees and of rows in the suite `chacha`. */
uint64_t saltHalf(const uint8_t* salt, size_t half) {
  uint64_t word;
  std::memcpy(&word, salt + 8 * half, sizeof word);
  return word;
}

/** Both children of blocks, under a salt. */
class Children {
 public:
  Children(Suite suite, const uint8_t* salt)
      : suite(suite), nonce(saltHalf(salt, 0)), keys{fixedKey(salt, leftChild), fixedKey(salt, rightChild)} {}

  /** parents [count] → children [count][2] */
  void derive(const uint8_t* parents, size_t count, uint8_t* children) {
    if (suite == Suite::chacha) return chaChaChildren(parents, nonce, children, count);
    side.resize(count * kBlock);
    for (size_t which = 0; which < 2; which++) {
      aesEncrypt(keys[which], parents, side.data(), count);
      for (size_t i = 0; i < count; i++) {
        uint8_t* child = children + (2 * i + which) * kBlock;
        std::memcpy(child, &side[i * kBlock], kBlock);
        xorBlock(child, parents + i * kBlock);
      }
    }
  }

 private:
  Suite suite;
  uint64_t nonce;
  AesKey keys[2];
  std::vector<uint8_t> side;
};

/** Levels of a few trees, from the roots down; children of every node, without looking at who knows which. */
struct Forest {
  Children childrenOf;
  size_t trees, leaves;
  unsigned depth, level = 0;
  size_t width = 1;
  std::vector<uint8_t> nodes, children;

  Forest(Suite suite, const uint8_t* salt, size_t trees, size_t leaves)
      : childrenOf(suite, salt),
        trees(trees),
        leaves(leaves),
        depth(treeDepth(leaves)),
        nodes(trees * leaves * kBlock),
        children(2 * trees * leaves * kBlock) {}

  uint8_t* node(size_t tree, size_t index) { return &nodes[(tree * width + index) * kBlock]; }

  void descend() {
    childrenOf.derive(nodes.data(), trees * width, children.data());
    const size_t parents = width;
    width = levelWidth(leaves, depth, ++level);
    for (size_t tree = 0; tree < trees; tree++)
      std::memcpy(node(tree, 0), &children[2 * tree * parents * kBlock], width * kBlock);
  }
};

/** Calls body(firstTree, count) for groups of trees. */
template <typename Body>
void forTreeGroups(size_t trees, const Body& body) {
  for (size_t first = 0; first < trees; first += kTreesTogether) body(first, std::min(kTreesTogether, trees - first));
}

/** Replaces the unknown node's children: the one off the path from the level's sum, the one on it by zero. */
void puncturedLevel(Forest& forest, size_t tree, size_t pathNode, const uint8_t* sum) {
  const size_t sibling = pathNode ^ 1;
  std::memset(forest.node(tree, pathNode), 0, kBlock);
  if (sibling >= forest.width) return;
  uint8_t* missing = forest.node(tree, sibling);
  std::memcpy(missing, sum, kBlock);
  for (size_t index = sibling % 2; index < forest.width; index += 2)
    if (index != sibling) xorBlock(missing, forest.node(tree, index));
}

// ---- rows ----------------------------------------------------------------------------------------------------------

void accumulateChunkPortable(const AesKey& key, const ChunkTask& task) {
  const size_t blocks = task.bytes / kBlock;
  const size_t lanes = task.bytes * 8 / task.laneBits;
  std::vector<uint8_t> input(task.bytes), value(task.bytes);
  std::memset(task.rows, 0, task.n * task.bytes);
  for (size_t i = 0; i < task.n; i++)
    for (size_t j = 0; j < task.n; j++) {
      if (task.skip && task.skip[i] == j) continue;
      for (size_t b = 0; b < blocks; b++) {
        const uint64_t counter[2] = {task.firstBlock + b, 0};
        std::memcpy(&input[b * kBlock], task.seeds + (i * task.n + j) * kBlock, kBlock);
        xorBlock(&input[b * kBlock], reinterpret_cast<const uint8_t*>(counter));
      }
      aesEncrypt(key, input.data(), value.data(), blocks);
      for (size_t b = 0; b < blocks; b++) xorBlock(&value[b * kBlock], &input[b * kBlock]);
      uint8_t* column = task.columns + j * task.bytes;
      uint8_t* row = task.rows + i * task.bytes;
      for (size_t lane = 0; lane < lanes; lane++) {
        if (task.laneBits == 64) {
          const uint64_t word = reinterpret_cast<const uint64_t*>(value.data())[lane];
          reinterpret_cast<uint64_t*>(column)[lane] += word;
          reinterpret_cast<uint64_t*>(row)[lane] += word;
        } else {
          const uint32_t word = reinterpret_cast<const uint32_t*>(value.data())[lane];
          reinterpret_cast<uint32_t*>(column)[lane] += word;
          reinterpret_cast<uint32_t*>(row)[lane] += word;
        }
      }
    }
}

/** A seed's row added to the sums of its column and of its row. */
template <class Lane>
inline void addRow(const uint8_t* value, size_t bytes, uint8_t* column, uint8_t* row) {
  Lane words[kChunkBytes / sizeof(Lane)];
  std::memcpy(words, value, bytes);
  Lane* columnLanes = reinterpret_cast<Lane*>(column);
  Lane* rowLanes = reinterpret_cast<Lane*>(row);
  for (size_t lane = 0; lane < bytes / sizeof(Lane); lane++) {
    columnLanes[lane] += words[lane];
    rowLanes[lane] += words[lane];
  }
}

void accumulateChunkChaCha(uint64_t nonce, const ChunkTask& task) {
  constexpr size_t kSeeds = 8;  // so that short rows fill the lanes
  uint8_t values[kSeeds * kChunkBytes];
  std::memset(task.rows, 0, task.n * task.bytes);
  for (size_t i = 0; i < task.n; i++)
    for (size_t first = 0; first < task.n; first += kSeeds) {
      const size_t seeds = std::min(kSeeds, task.n - first);
      chaChaRows(task.seeds + (i * task.n + first) * kBlock, task.firstBlock / 4, nonce, values, seeds, task.bytes / kBlock);
      for (size_t j = first; j < first + seeds; j++) {
        if (task.skip && task.skip[i] == j) continue;
        const uint8_t* value = values + (j - first) * task.bytes;
        uint8_t* column = task.columns + j * task.bytes;
        uint8_t* row = task.rows + i * task.bytes;
        if (task.laneBits == 64)
          addRow<uint64_t>(value, task.bytes, column, row);
        else
          addRow<uint32_t>(value, task.bytes, column, row);
      }
    }
}

void accumulateChunk(const AesKey& key, const ChunkTask& task) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return accumulateChunkAvx512(task);
  if (activeIsa() == Isa::avx2) return accumulateChunkAvx2(task);
#endif
  accumulateChunkPortable(key, task);
}

uint64_t laneAt(const uint8_t* lanes, unsigned laneBits, size_t index) {
  if (laneBits == 64) return reinterpret_cast<const uint64_t*>(lanes)[index];
  return reinterpret_cast<const uint32_t*>(lanes)[index];
}

/** Runs every chunk of every segment; store(segment, firstColumn, columns, chunk) takes the sums away. */
template <typename Store>
void forChunks(Suite suite, const uint8_t* seeds, const uint32_t* skip, size_t n, const uint8_t* salt, const RowSegment* segments,
               size_t segmentCount, const Store& store) {
  const AesKey key = fixedKey(salt, rowBytes);
  // Whole words, so that lanes are aligned.
  std::vector<uint64_t> columnLanes(n * kChunkBytes / 8), rowLanes(n * kChunkBytes / 8);
  uint64_t firstBlock = 0;
  for (size_t s = 0; s < segmentCount; s++) {
    const unsigned laneBits = segments[s].ringBits > 32 ? 64 : 32;
    const size_t chunkColumns = kChunkBytes * 8 / laneBits;
    for (size_t first = 0; first < segments[s].columns; first += chunkColumns) {
      const size_t columns = std::min(chunkColumns, segments[s].columns - first);
      const size_t bytes = (columns * laneBits / 8 + 63) / 64 * 64;
      std::fill(columnLanes.begin(), columnLanes.end(), 0);
      const ChunkTask task{key.roundKeys, seeds, skip, n, firstBlock, bytes, laneBits,
                           reinterpret_cast<uint8_t*>(columnLanes.data()), reinterpret_cast<uint8_t*>(rowLanes.data())};
      if (suite == Suite::chacha)
        accumulateChunkChaCha(saltHalf(salt, 1), task);
      else
        accumulateChunk(key, task);
      firstBlock += bytes / kBlock;
      store(s, first, columns, task);
    }
  }
}

inline uint64_t ringMask(unsigned ringBits) { return ringBits == 64 ? ~uint64_t{0} : (uint64_t{1} << ringBits) - 1; }

}  // namespace

unsigned treeDepth(size_t leaves) {
  unsigned depth = 0;
  while ((size_t{1} << depth) < leaves) depth++;
  return depth;
}

void seedMatrixGrow(Suite suite, const uint8_t* roots, size_t trees, size_t leaves, const uint8_t* salt, uint8_t* seeds,
             uint8_t* levelSums) {
  if (trees == 0 || leaves == 0) return;
  const unsigned depth = treeDepth(leaves);
  if (depth > 0) std::memset(levelSums, 0, trees * depth * 2 * kBlock);
  forTreeGroups(trees, [&](size_t first, size_t count) {
    Forest forest(suite, salt, count, leaves);
    std::memcpy(forest.nodes.data(), roots + first * kBlock, count * kBlock);
    for (unsigned level = 0; level < depth; level++) {
      forest.descend();
      for (size_t tree = 0; tree < count; tree++)
        for (size_t index = 0; index < forest.width; index++)
          xorBlock(levelSums + (((first + tree) * depth + level) * 2 + index % 2) * kBlock, forest.node(tree, index));
    }
    std::memcpy(seeds + first * leaves * kBlock, forest.nodes.data(), count * leaves * kBlock);
  });
}

void seedMatrixPuncture(Suite suite, const uint8_t* sums, const uint32_t* points, size_t trees, size_t leaves, const uint8_t* salt,
                 uint8_t* seeds) {
  if (trees == 0 || leaves == 0) return;
  const unsigned depth = treeDepth(leaves);
  forTreeGroups(trees, [&](size_t first, size_t count) {
    Forest forest(suite, salt, count, leaves);
    for (unsigned level = 0; level < depth; level++) {
      forest.descend();
      for (size_t tree = 0; tree < count; tree++) {
        const size_t pathNode = points[first + tree] >> (depth - level - 1);
        puncturedLevel(forest, tree, pathNode, sums + ((first + tree) * depth + level) * kBlock);
      }
    }
    std::memcpy(seeds + first * leaves * kBlock, forest.nodes.data(), count * leaves * kBlock);
  });
}

void seedMatrixSums(Suite suite, const uint8_t* seeds, size_t n, const uint8_t* salt, const RowSegment* segments, size_t segmentCount,
             uint64_t* const* columnSums, uint64_t* const* rowSums) {
  forChunks(suite, seeds, nullptr, n, salt, segments, segmentCount,
            [&](size_t s, size_t first, size_t columns, const ChunkTask& task) {
              const uint64_t mask = ringMask(segments[s].ringBits);
              for (size_t i = 0; i < n; i++)
                for (size_t c = 0; c < columns; c++) {
                  const size_t target = i * segments[s].columns + first + c;
                  columnSums[s][target] = laneAt(task.columns + i * task.bytes, task.laneBits, c) & mask;
                  rowSums[s][target] = laneAt(task.rows + i * task.bytes, task.laneBits, c) & mask;
                }
            });
}

void seedMatrixDifferences(Suite suite, const uint8_t* seeds, const uint32_t* permutation, size_t n, const uint8_t* salt,
                    const RowSegment* segments, size_t segmentCount, uint64_t* const* differences) {
  forChunks(suite, seeds, permutation, n, salt, segments, segmentCount,
            [&](size_t s, size_t first, size_t columns, const ChunkTask& task) {
              const uint64_t mask = ringMask(segments[s].ringBits);
              for (size_t i = 0; i < n; i++)
                for (size_t c = 0; c < columns; c++) {
                  const uint64_t column = laneAt(task.columns + permutation[i] * task.bytes, task.laneBits, c);
                  const uint64_t row = laneAt(task.rows + i * task.bytes, task.laneBits, c);
                  differences[s][i * segments[s].columns + first + c] = (column - row) & mask;
                }
            });
}

}  // namespace cipherprune
