#include "src/ot/ferret.h"

#include "binding.h"
#include "suite.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

View<uint8_t> named(const Arguments& a, const char* name, size_t length) {
  const View<uint8_t> bytes = a.bytes(name);
  a.expectLength(name, bytes.length, length);
  return bytes;
}

/** depth and pathCots of calls that take one object. */
FerretCall treesOf(const Arguments& a) {
  FerretCall call{};
  call.suite = suiteArgument(a, "suite");
  call.depth = static_cast<int>(a.integer("depth", 6, 20));
  const View<uint8_t> pathCots = a.bytes("pathCots");
  const size_t treeBytes = static_cast<size_t>(call.depth) * kBlockBytes;
  a.expect(pathCots.length % treeBytes == 0, "pathCots", "depth blocks for each tree");
  call.trees = pathCots.length / treeBytes;
  call.pathCots = pathCots.data;
  return call;
}

size_t leafBytes(const FerretCall& call) { return call.trees * kBlockBytes << call.depth; }

/** The public matrix and the table for a call's trees, and what was begun of their products. */
void readRows(const Arguments& a, FerretCall& call) {
  call.logTable = static_cast<int>(a.integer("logTable", 1, 24));
  call.table = named(a, "table", kBlockBytes << call.logTable).data;
  call.seed = named(a, "seed", kBlockBytes).data;
  call.firstRow = static_cast<uint64_t>(a.integer("firstRow", 0, int64_t{1} << 52));
  a.expect(call.firstRow % 64 == 0, "firstRow", "a multiple of 64");
  if (a.isAbsent("pieces")) return;
  call.encoded = named(a, "encoded", leafBytes(call)).data;
  const View<int32_t> pieces = a.int32s("pieces");
  a.expectLength("pieces", pieces.length, ferretPieces(call.trees << call.depth));
  call.pieces = pieces.data;
}

/** Where the outputs go. */
void readOutputs(const Arguments& a, FerretCall& call) {
  const View<uint8_t> reserve = a.bytes("reserve");
  a.expect(reserve.length % kBlockBytes == 0 && reserve.length <= leafBytes(call), "reserve", "some of the outputs, in whole blocks");
  call.reserved = reserve.length / kBlockBytes;
  call.reserve = reserve.data;
  call.blocks = named(a, "blocks", leafBytes(call) - reserve.length).data;
}

/** Trees whose leaves are at hand. */
FerretCall grownOf(const Arguments& a) {
  FerretCall call{};
  call.suite = suiteArgument(a, "suite");
  call.depth = static_cast<int>(a.integer("depth", 6, 20));
  const View<uint8_t> leaves = a.bytes("leaves");
  a.expect(leaves.length % (kBlockBytes << call.depth) == 0, "leaves", "those of whole trees");
  call.trees = leaves.length / (kBlockBytes << call.depth);
  readRows(a, call);
  readOutputs(a, call);
  return call;
}

/** Trees that are grown and used in one. */
FerretCall wholeOf(const Arguments& a) {
  FerretCall call = treesOf(a);
  readRows(a, call);
  readOutputs(a, call);
  return call;
}

View<uint8_t> correctionsOf(const Arguments& a, const FerretCall& call) {
  return named(a, "corrections", call.trees * static_cast<size_t>(call.depth) * kBlockBytes);
}

View<uint8_t> choicesOf(const Arguments& a, const FerretCall& call) {
  return named(a, "choices", (call.trees << call.depth) - call.reserved);
}

void callFerretSend(const Arguments& a) {
  const FerretCall call = wholeOf(a);
  ferretSend(call, named(a, "delta", kBlockBytes).data, named(a, "roots", call.trees * kBlockBytes).data, correctionsOf(a, call).data);
}

void callFerretReceive(const Arguments& a) {
  const FerretCall call = wholeOf(a);
  ferretReceive(call, correctionsOf(a, call).data, choicesOf(a, call).data);
}

double callFerretPieces(const Arguments& a) { return static_cast<double>(ferretPieces(a.size(0))); }

Job callFerretEncode(const Arguments& a) {
  FerretCall call{};
  call.suite = suiteArgument(a, "suite");
  const View<uint8_t> encoded = a.bytes("encoded");
  call.depth = 6;
  a.expect(encoded.length % (kBlockBytes << call.depth) == 0 && !a.isAbsent("pieces"), "encoded", "a multiple of 64 blocks, with pieces");
  call.trees = encoded.length / (kBlockBytes << call.depth);
  readRows(a, call);
  return [call, encoded] {
    ferretEncode(call, encoded.data);
    return 0.0;
  };
}

View<uint32_t> pointsOf(const Arguments& a, size_t trees, int depth) {
  const View<uint32_t> points = a.uint32s("points");
  a.expectLength("points", points.length, trees);
  for (size_t i = 0; i < trees; i++) a.expect(points.data[i] >> depth == 0, "points", "points below the number of leaves");
  return points;
}

void callFerretGrow(const Arguments& a) {
  const FerretCall call = treesOf(a);
  ferretGrow(call, named(a, "delta", kBlockBytes).data, named(a, "roots", call.trees * kBlockBytes).data,
             correctionsOf(a, call).data, named(a, "leaves", leafBytes(call)).data);
}

void callFerretGrowPunctured(const Arguments& a) {
  const FerretCall call = treesOf(a);
  const View<uint32_t> points = a.uint32s("points");
  a.expectLength("points", points.length, call.trees);
  ferretGrowPunctured(call, correctionsOf(a, call).data, named(a, "leaves", leafBytes(call)).data, points.data);
}

void callFerretSendLeaves(const Arguments& a) { ferretSendLeaves(grownOf(a), a.bytes("leaves").data); }

void callFerretReceiveLeaves(const Arguments& a) {
  const FerretCall call = grownOf(a);
  ferretReceiveLeaves(call, a.bytes("leaves").data, pointsOf(a, call.trees, call.depth).data, choicesOf(a, call).data);
}

void callFerretLeafHashes(const Arguments& a) {
  const int depth = static_cast<int>(a.integer("depth", 6, 20));
  const View<uint8_t> leaves = a.bytes("leaves");
  a.expect(leaves.length % (kBlockBytes << depth) == 0, "leaves", "those of whole trees");
  const size_t trees = leaves.length / (kBlockBytes << depth);
  const uint32_t* points = a.isAbsent("points") ? nullptr : pointsOf(a, trees, depth).data;
  ferretLeafHashes(suiteArgument(a, "suite"), depth, trees, leaves.data, points, named(a, "key", kBlockBytes).data,
                   named(a, "challenges", 2 * kBlockBytes << depth).data, named(a, "sums", trees * kBlockBytes).data,
                   named(a, "hashes", 2 * trees * kBlockBytes).data);
}

}  // namespace

void addFerret(Bindings& bindings) {
  bindings.add<callFerretSend>("ferretSend");
  bindings.add<callFerretReceive>("ferretReceive");
  bindings.add<callFerretPieces>("ferretPieces");
  bindings.add<callFerretEncode>("ferretEncode");
  bindings.add<callFerretGrow>("ferretGrow");
  bindings.add<callFerretGrowPunctured>("ferretGrowPunctured");
  bindings.add<callFerretSendLeaves>("ferretSendLeaves");
  bindings.add<callFerretReceiveLeaves>("ferretReceiveLeaves");
  bindings.add<callFerretLeafHashes>("ferretLeafHashes");
}

}  // namespace cipherprune
