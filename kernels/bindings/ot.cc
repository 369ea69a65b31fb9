#include "src/ot/ot.h"

#include "binding.h"
#include "suite.h"
#include "src/ot/field-dots.h"
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

View<uint8_t> named(const Arguments& a, const char* name, size_t length) {
  const View<uint8_t> bytes = a.bytes(name);
  a.expectLength(name, bytes.length, length);
  return bytes;
}

/** What both halves of a refill by rows get. */
struct RowsCall {
  Suite suite;
  int k;
  size_t tiles;
  View<uint8_t> keys, corrections, rows;
  uint64_t firstTile;
};

RowsCall rowsCallOf(const Arguments& a, size_t rows) {
  RowsCall call{};
  call.suite = suiteArgument(a, "suite");
  call.k = static_cast<int>(a.integer("k", 1, 8));
  call.keys = named(a, "keys", softSpokenLeaves(call.k) * softSpokenKeyBytes(call.suite));
  call.firstTile = static_cast<uint64_t>(a.integer("firstTile", 0, kMaxTile));
  call.tiles = a.size("tiles", 0, 1 << 16);
  call.corrections = named(a, "corrections", call.tiles * (softSpokenTrees(call.k) - 1) * kTileBytes);
  call.rows = named(a, "rows", rows * rowStride(call.tiles));
  return call;
}

void callSoftSpokenReceiveRows(const Arguments& a) {
  const RowsCall call = rowsCallOf(a, 129);
  softSpokenReceiveRows(call.suite, call.k, call.keys.data, call.firstTile, call.tiles, call.corrections.data, call.rows.data);
}

void callSoftSpokenSendRows(const Arguments& a) {
  const RowsCall call = rowsCallOf(a, 128);
  softSpokenSendRows(call.suite, call.k, call.keys.data, named(a, "delta", kBlockBytes).data, call.firstTile, call.tiles,
                     call.corrections.data, call.rows.data);
}

void callRowsToBlocks(const Arguments& a) {
  const View<uint8_t> rows = a.bytes("rows"), blocks = a.bytes("blocks"), choices = a.bytes("choices");
  const size_t stride = a.size("stride"), columns = blocks.length / kBlockBytes;
  a.expect(blocks.length % (8 * kBlockBytes) == 0 && columns / 8 <= stride, "blocks", "eights of blocks, no more than rows have bits");
  a.expect(stride <= rows.length && rows.length / (choices.length == 0 ? 128 : 129) >= stride, "rows", "128 rows, and one of choices");
  a.expect(choices.length == 0 || choices.length == columns, "choices", "none, or one for each block");
  transposeBits(rows.data, stride, columns, blocks.data);
  spreadBits(rows.data + 128 * stride, choices.length, choices.data);
}

void callFieldDots(const Arguments& a) {
  const View<uint8_t> elements = a.bytes("elements"), challenges = a.bytes("challenges"), sums = a.bytes("sums");
  const size_t stride = a.size("stride");
  a.expect(challenges.length % kBlockBytes == 0 && challenges.length <= stride, "challenges", "whole elements, as many as a row holds");
  a.expect(sums.length % kBlockBytes == 0, "sums", "whole elements");
  const size_t rows = sums.length / kBlockBytes;
  a.expect(stride > 0 && elements.length / stride >= rows, "elements", "a row for each sum");
  fieldDots({elements.data, stride, rows}, challenges.data, challenges.length / kBlockBytes, sums.data);
}

}  // namespace

void addOt(Bindings& bindings) {
  bindings.add<callTransposeBits>("transposeBits");
  bindings.add<callPprfGrow>("pprfGrow");
  bindings.add<callPprfGrowPunctured>("pprfGrowPunctured");
  bindings.add<callSoftSpokenKeys>("softSpokenKeys");
  bindings.add<callSoftSpokenReceive>("softSpokenReceive");
  bindings.add<callSoftSpokenSend>("softSpokenSend");
  bindings.add<callSoftSpokenReceiveRows>("softSpokenReceiveRows");
  bindings.add<callSoftSpokenSendRows>("softSpokenSendRows");
  bindings.add<callRowsToBlocks>("rowsToBlocks");
  bindings.add<callFieldDots>("fieldDots");
}

}  // namespace cipherprune
