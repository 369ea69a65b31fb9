#include "src/shuffle/seed-matrix.h"

#include <utility>
#include <vector>

#include "binding.h"
#include "suite.h"

namespace cipherprune {

namespace {

constexpr size_t kBlock = 16;
/** Far above any sequence length; keeps n² seeds addressable. */
constexpr size_t kMaxRows = 1 << 14;

size_t rowsArgument(const Arguments& arguments, Key key) {
  return static_cast<size_t>(arguments.integer(key, 1, kMaxRows));
}

View<uint8_t> blocksArgument(const Arguments& arguments, Key key, size_t blocks) {
  const auto bytes = arguments.bytes(key);
  arguments.expectLength(key, bytes.length, arguments.product(key, {blocks, kBlock}));
  return bytes;
}

/** Indices below `bound`; as many as there are when the bound is 0. */
View<uint32_t> pointsArgument(const Arguments& arguments, Key key, size_t bound) {
  const auto points = arguments.uint32s(key);
  arguments.expect(points.length >= 1 && points.length <= kMaxRows, key, "between 1 and 16384 indices");
  const size_t limit = bound == 0 ? points.length : bound;
  for (size_t i = 0; i < points.length; i++) arguments.expect(points.data[i] < limit, key, "indices in range");
  return points;
}

/** Segments as two arrays of equal length: their columns and their ring bits. */
std::vector<RowSegment> segmentsArgument(const Arguments& arguments, Key columnsKey, Key bitsKey) {
  const auto columns = arguments.uint32s(columnsKey), bits = arguments.uint32s(bitsKey);
  arguments.expectLength(bitsKey, bits.length, columns.length);
  std::vector<RowSegment> segments;
  for (size_t s = 0; s < columns.length; s++) {
    arguments.expect(columns.data[s] <= 1 << 24, columnsKey, "at most 2^24 columns");
    arguments.expect(bits.data[s] >= 1 && bits.data[s] <= 64, bitsKey, "rings of 1 to 64 bits");
    segments.push_back({columns.data[s], bits.data[s]});
  }
  return segments;
}

/** Where each segment's [rows, columns] begins in an array that holds them one after the other. */
std::vector<uint64_t*> segmentOutputs(const Arguments& arguments, Key key, size_t rows, const std::vector<RowSegment>& segments) {
  const auto words = arguments.words(key);
  std::vector<uint64_t*> pointers;
  size_t length = 0;
  for (const RowSegment& segment : segments) length += arguments.product(key, {rows, segment.columns});
  arguments.expectLength(key, words.length, length);
  size_t begin = 0;
  for (const RowSegment& segment : segments) {
    pointers.push_back(words.data + begin);
    begin += rows * segment.columns;
  }
  return pointers;
}

std::vector<uint8_t> copyOf(View<uint8_t> bytes) { return {bytes.data, bytes.data + bytes.length}; }

void grow(const Arguments& arguments) {
  const auto roots = arguments.bytes(0);
  const size_t trees = roots.length / kBlock;
  arguments.expect(roots.length % kBlock == 0 && trees <= kMaxRows, 0, "whole blocks, at most 16384");
  const size_t leaves = rowsArgument(arguments, 1);
  const auto salt = blocksArgument(arguments, 2, 1);
  const auto seeds = blocksArgument(arguments, 3, trees * leaves);
  const auto levelSums = blocksArgument(arguments, 4, trees * treeDepth(leaves) * 2);
  seedMatrixGrow(suiteArgument(arguments, 5), roots.data, trees, leaves, salt.data, seeds.data, levelSums.data);
}

void puncture(const Arguments& arguments) {
  const size_t leaves = rowsArgument(arguments, 2);
  const auto points = pointsArgument(arguments, 1, leaves);
  const auto sums = blocksArgument(arguments, 0, points.length * treeDepth(leaves));
  const auto salt = blocksArgument(arguments, 3, 1);
  const auto seeds = blocksArgument(arguments, 4, points.length * leaves);
  seedMatrixPuncture(suiteArgument(arguments, 5), sums.data, points.data, points.length, leaves, salt.data, seeds.data);
}

Job sums(const Arguments& arguments) {
  const size_t rows = rowsArgument(arguments, "rows");
  const auto seeds = blocksArgument(arguments, "seeds", rows * rows);
  const auto salt = copyOf(blocksArgument(arguments, "salt", 1));
  const auto segments = segmentsArgument(arguments, "columns", "ringBits");
  const auto columnSums = segmentOutputs(arguments, "columnSums", rows, segments);
  const auto rowSums = segmentOutputs(arguments, "rowSums", rows, segments);
  const Suite suite = suiteArgument(arguments, "suite");
  return [=] {
    seedMatrixSums(suite, seeds.data, rows, salt.data(), segments.data(), segments.size(), columnSums.data(), rowSums.data());
    return 0.0;
  };
}

Job differences(const Arguments& arguments) {
  const auto permutation = pointsArgument(arguments, "permutation", 0);
  const size_t rows = permutation.length;
  const auto seeds = blocksArgument(arguments, "seeds", rows * rows);
  const auto salt = copyOf(blocksArgument(arguments, "salt", 1));
  const auto segments = segmentsArgument(arguments, "columns", "ringBits");
  const auto out = segmentOutputs(arguments, "differences", rows, segments);
  const std::vector<uint32_t> points(permutation.data, permutation.data + rows);
  const Suite suite = suiteArgument(arguments, "suite");
  return [=] {
    seedMatrixDifferences(suite, seeds.data, points.data(), rows, salt.data(), segments.data(), segments.size(), out.data());
    return 0.0;
  };
}

}  // namespace

void addSeedMatrix(Bindings& bindings) {
  bindings.add<grow>("seedMatrixGrow");
  bindings.add<puncture>("seedMatrixPuncture");
  bindings.add<sums>("seedMatrixSums");
  bindings.add<differences>("seedMatrixDifferences");
}

}  // namespace cipherprune
