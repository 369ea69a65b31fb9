#include "src/ot/ot.h"

#include "binding.h"
#include "suite.h"
#include "src/ot/column-hash.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

constexpr int64_t kMaxTile = int64_t{1} << 48;

View<uint8_t> bytesOf(const Arguments& arguments, size_t index, size_t length) {
  const View<uint8_t> bytes = arguments.bytes(index);
  arguments.expectLength(index, bytes.length, length);
  return bytes;
}

/** The number of units that a buffer holds. */
size_t unitsOf(const Arguments& arguments, size_t index, View<uint8_t> bytes, size_t unit) {
  arguments.expect(bytes.length % unit == 0, index, "a whole number of units");
  return bytes.length / unit;
}

void callTransposeBits(const Arguments& arguments) {
  const View<uint8_t> rows = arguments.bytes(0);
  const size_t stride = unitsOf(arguments, 0, rows, 128);
  const View<uint8_t> blocks = bytesOf(arguments, 1, rows.length);
  transposeBits(rows.data, stride, 8 * stride, blocks.data);
}

void callPprfGrow(const Arguments& arguments) {
  const View<uint8_t> roots = arguments.bytes(0);
  const size_t trees = unitsOf(arguments, 0, roots, kBlockBytes);
  const int depth = static_cast<int>(arguments.integer(1, 0, 24));
  const View<uint8_t> leaves = bytesOf(arguments, 2, trees * kBlockBytes << depth);
  const View<uint8_t> sums = bytesOf(arguments, 3, trees * static_cast<size_t>(depth) * 2 * kBlockBytes);
  pprfGrow(suiteArgument(arguments, 4), roots.data, trees, depth, leaves.data, sums.data);
}

void callPprfGrowPunctured(const Arguments& arguments) {
  const View<uint32_t> points = arguments.uint32s(0);
  const int depth = static_cast<int>(arguments.integer(2, 0, 24));
  const View<uint8_t> sums = bytesOf(arguments, 1, points.length * static_cast<size_t>(depth) * kBlockBytes);
  const View<uint8_t> leaves = bytesOf(arguments, 3, points.length * kBlockBytes << depth);
  for (size_t i = 0; i < points.length; i++)
    arguments.expect(points.data[i] >> depth == 0, 0, "points below the number of leaves");
  pprfGrowPunctured(suiteArgument(arguments, 4), points.data, sums.data, points.length, depth, leaves.data);
}

void callSoftSpokenKeys(const Arguments& arguments) {
  const View<uint8_t> leaves = arguments.bytes(0);
  const size_t count = unitsOf(arguments, 0, leaves, kBlockBytes);
  const Suite suite = suiteArgument(arguments, 2);
  softSpokenKeys(suite, leaves.data, count, bytesOf(arguments, 1, count * softSpokenKeyBytes(suite)).data);
}

void callSoftSpokenReceive(const Arguments& arguments) {
  const int k = static_cast<int>(arguments.integer(0, 1, 8));
  const Suite suite = suiteArgument(arguments, 6);
  const View<uint8_t> keys = bytesOf(arguments, 1, softSpokenLeaves(k) * softSpokenKeyBytes(suite));
  const uint64_t firstTile = static_cast<uint64_t>(arguments.integer(2, 0, kMaxTile));
  const View<uint8_t> choices = arguments.bytes(4);
  const size_t tiles = unitsOf(arguments, 4, choices, kTileCots);
  const View<uint8_t> corrections = bytesOf(arguments, 3, tiles * (softSpokenTrees(k) - 1) * kTileBytes);
  const View<uint8_t> blocks = bytesOf(arguments, 5, choices.length * kBlockBytes);
  softSpokenReceive(suite, k, keys.data, firstTile, tiles, corrections.data, choices.data, blocks.data);
}

void callSoftSpokenSend(const Arguments& arguments) {
  const int k = static_cast<int>(arguments.integer(0, 1, 8));
  const Suite suite = suiteArgument(arguments, 6);
  const View<uint8_t> keys = bytesOf(arguments, 1, softSpokenLeaves(k) * softSpokenKeyBytes(suite));
  const View<uint8_t> delta = bytesOf(arguments, 2, kBlockBytes);
  const uint64_t firstTile = static_cast<uint64_t>(arguments.integer(3, 0, kMaxTile));
  const View<uint8_t> blocks = arguments.bytes(5);
  const size_t tiles = unitsOf(arguments, 5, blocks, kTileCots * kBlockBytes);
  const View<uint8_t> corrections = bytesOf(arguments, 4, tiles * (softSpokenTrees(k) - 1) * kTileBytes);
  softSpokenSend(suite, k, keys.data, delta.data, firstTile, tiles, corrections.data, blocks.data);
}

void callColumnHash(const Arguments& a) {
  const View<uint8_t> blocks = a.bytes("blocks"), choices = a.bytes("choices"), challenges = a.bytes("challenges");
  const View<uint8_t> hashes = a.bytes("hashes"), choiceHash = a.bytes("choiceHash");
  a.expect(challenges.length % kBlockBytes == 0, "challenges", "whole blocks of 16 bytes");
  const size_t groups = challenges.length / kBlockBytes, rows = groups * kHashGroup;
  a.expectLength("blocks", blocks.length, rows * kBlockBytes);
  a.expect(choices.length == 0 || choices.length == rows, "choices", "none, or one for each block");
  a.expectLength("hashes", hashes.length, kHashGroup * kBlockBytes);
  a.expectLength("choiceHash", choiceHash.length, kBlockBytes);
  columnHash(blocks.data, choices.length == 0 ? nullptr : choices.data, groups, challenges.data, hashes.data, choiceHash.data);
}

}  // namespace

void addOt(Bindings& bindings) {
  bindings.add<callTransposeBits>("transposeBits");
  bindings.add<callPprfGrow>("pprfGrow");
  bindings.add<callPprfGrowPunctured>("pprfGrowPunctured");
  bindings.add<callSoftSpokenKeys>("softSpokenKeys");
  bindings.add<callSoftSpokenReceive>("softSpokenReceive");
  bindings.add<callSoftSpokenSend>("softSpokenSend");
  bindings.add<callColumnHash>("columnHash");
}

}  // namespace cipherprune
