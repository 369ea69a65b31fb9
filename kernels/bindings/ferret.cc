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

}  // namespace

void addFerret(Bindings& bindings) {
  bindings.add<callFerretSend>("ferretSend");
  bindings.add<callFerretReceive>("ferretReceive");
}

}  // namespace cipherprune
