#include "src/ot/ferret.h"

#include "binding.h"
#include "suite.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

View<uint8_t> bytesOf(const Arguments& arguments, size_t index, size_t length) {
  const View<uint8_t> bytes = arguments.bytes(index);
  arguments.expectLength(index, bytes.length, length);
  return bytes;
}

/** Arguments 0 to 7 of both halves, and the suite. */
FerretCall callOf(const Arguments& arguments, size_t suite) {
  FerretCall call;
  call.suite = suiteArgument(arguments, suite);
  call.depth = static_cast<int>(arguments.integer(0, 6, 20));
  call.logTable = static_cast<int>(arguments.integer(1, 1, 24));
  call.table = bytesOf(arguments, 2, kBlockBytes << call.logTable).data;
  const View<uint8_t> pathCots = arguments.bytes(3);
  const size_t treeBytes = static_cast<size_t>(call.depth) * kBlockBytes;
  arguments.expect(pathCots.length % treeBytes == 0, 3, "depth blocks for each tree");
  call.trees = pathCots.length / treeBytes;
  call.pathCots = pathCots.data;
  call.seed = bytesOf(arguments, 4, kBlockBytes).data;
  call.firstRow = static_cast<uint64_t>(arguments.integer(5, 0, int64_t{1} << 52));
  arguments.expect(call.firstRow % 64 == 0, 5, "a multiple of 64");
  const View<uint8_t> reserve = arguments.bytes(6), blocks = arguments.bytes(7);
  arguments.expect(reserve.length % kBlockBytes == 0, 6, "whole blocks");
  call.reserved = reserve.length / kBlockBytes;
  call.reserve = reserve.data;
  arguments.expectLength(7, reserve.length + blocks.length, call.trees * kBlockBytes << call.depth);
  call.blocks = blocks.data;
  return call;
}

void callFerretSend(const Arguments& arguments) {
  const FerretCall call = callOf(arguments, 11);
  const View<uint8_t> delta = bytesOf(arguments, 8, kBlockBytes);
  const View<uint8_t> roots = bytesOf(arguments, 9, call.trees * kBlockBytes);
  const size_t cots = call.trees * static_cast<size_t>(call.depth);
  ferretSend(call, delta.data, roots.data, bytesOf(arguments, 10, cots * kBlockBytes).data);
}

void callFerretReceive(const Arguments& arguments) {
  const FerretCall call = callOf(arguments, 10);
  const size_t cots = call.trees * static_cast<size_t>(call.depth);
  const View<uint8_t> corrections = bytesOf(arguments, 8, cots * kBlockBytes);
  ferretReceive(call, corrections.data, bytesOf(arguments, 9, (call.trees << call.depth) - call.reserved).data);
}

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

/** The leaves of whole trees, and where outputs go. */
FerretCall outputsOf(const Arguments& a) {
  FerretCall call{};
  call.suite = suiteArgument(a, "suite");
  call.depth = static_cast<int>(a.integer("depth", 6, 20));
  call.logTable = static_cast<int>(a.integer("logTable", 1, 24));
  call.table = named(a, "table", kBlockBytes << call.logTable).data;
  call.seed = named(a, "seed", kBlockBytes).data;
  call.firstRow = static_cast<uint64_t>(a.integer("firstRow", 0, int64_t{1} << 52));
  a.expect(call.firstRow % 64 == 0, "firstRow", "a multiple of 64");
  const View<uint8_t> leaves = a.bytes("leaves"), reserve = a.bytes("reserve");
  a.expect(leaves.length % (kBlockBytes << call.depth) == 0, "leaves", "those of whole trees");
  call.trees = leaves.length / (kBlockBytes << call.depth);
  a.expect(reserve.length % kBlockBytes == 0 && reserve.length <= leaves.length, "reserve", "some of the outputs, in whole blocks");
  call.reserved = reserve.length / kBlockBytes;
  call.reserve = reserve.data;
  call.blocks = named(a, "blocks", leaves.length - reserve.length).data;
  return call;
}

View<uint32_t> pointsOf(const Arguments& a, size_t trees, int depth) {
  const View<uint32_t> points = a.uint32s("points");
  a.expectLength("points", points.length, trees);
  for (size_t i = 0; i < trees; i++) a.expect(points.data[i] >> depth == 0, "points", "points below the number of leaves");
  return points;
}

void callFerretGrow(const Arguments& a) {
  const FerretCall call = treesOf(a);
  const size_t cots = call.trees * static_cast<size_t>(call.depth) * kBlockBytes;
  ferretGrow(call, named(a, "delta", kBlockBytes).data, named(a, "roots", call.trees * kBlockBytes).data,
             named(a, "corrections", cots).data, named(a, "leaves", leafBytes(call)).data);
}

void callFerretGrowPunctured(const Arguments& a) {
  const FerretCall call = treesOf(a);
  const size_t cots = call.trees * static_cast<size_t>(call.depth) * kBlockBytes;
  const View<uint32_t> points = a.uint32s("points");
  a.expectLength("points", points.length, call.trees);
  ferretGrowPunctured(call, named(a, "corrections", cots).data, named(a, "leaves", leafBytes(call)).data, points.data);
}

void callFerretSendLeaves(const Arguments& a) { ferretSendLeaves(outputsOf(a), a.bytes("leaves").data); }

void callFerretReceiveLeaves(const Arguments& a) {
  const FerretCall call = outputsOf(a);
  const View<uint8_t> choices = named(a, "choices", (call.trees << call.depth) - call.reserved);
  ferretReceiveLeaves(call, a.bytes("leaves").data, pointsOf(a, call.trees, call.depth).data, choices.data);
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
  bindings.add<callFerretGrow>("ferretGrow");
  bindings.add<callFerretGrowPunctured>("ferretGrowPunctured");
  bindings.add<callFerretSendLeaves>("ferretSendLeaves");
  bindings.add<callFerretReceiveLeaves>("ferretReceiveLeaves");
  bindings.add<callFerretLeafHashes>("ferretLeafHashes");
}

}  // namespace cipherprune
