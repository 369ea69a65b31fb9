#include "src/prg/prg.h"

#include "binding.h"
#include "suite.h"

namespace cipherprune {
namespace {

View<uint8_t> bytesOf(const Arguments& arguments, size_t index, size_t length) {
  const View<uint8_t> bytes = arguments.bytes(index);
  arguments.expectLength(index, bytes.length, length);
  return bytes;
}

View<uint8_t> blocksOf(const Arguments& arguments, size_t index) {
  const View<uint8_t> blocks = arguments.bytes(index);
  arguments.expect(blocks.length % kBlockBytes == 0, index, "whole blocks of 16 bytes");
  return blocks;
}

bool overlap(View<uint8_t> a, View<uint8_t> b) { return a.data < b.data + b.length && b.data < a.data + a.length; }

void expectSameOrApart(const Arguments& arguments, View<uint8_t> in, View<uint8_t> out, size_t index) {
  arguments.expect(in.data == out.data || !overlap(in, out), index, "the input itself or memory apart from it");
}

void callAesEncrypt(const Arguments& arguments) {
  const View<uint8_t> keyBytes = bytesOf(arguments, 0, kBlockBytes), blocks = blocksOf(arguments, 1);
  const View<uint8_t> out = bytesOf(arguments, 2, blocks.length);
  expectSameOrApart(arguments, blocks, out, 2);
  AesKey key;
  aesSetKey(&key, keyBytes.data);
  aesEncrypt(key, blocks.data, out.data, blocks.length / kBlockBytes);
}

void callPrgFill(const Arguments& arguments) {
  const View<uint8_t> seed = bytesOf(arguments, 0, kBlockBytes);
  const uint64_t firstBlock = static_cast<uint64_t>(arguments.integer(1, 0, kMaxTweak));
  const View<uint8_t> out = arguments.bytes(2);
  prgFill(PrgKey(suiteArgument(arguments, 3), seed.data), firstBlock, out.data, out.length);
}

void callHashBlocks(const Arguments& arguments) {
  const View<uint8_t> blocks = blocksOf(arguments, 0);
  const Tweak tweak = tweakArgument(arguments, 1, 3);
  const View<uint8_t> out = bytesOf(arguments, 2, blocks.length);
  expectSameOrApart(arguments, blocks, out, 2);
  hashBlocks(blocks.data, out.data, blocks.length / kBlockBytes, tweak);
}

void callHashPairs(const Arguments& arguments) {
  const View<uint8_t> blocks = blocksOf(arguments, 0), delta = bytesOf(arguments, 1, kBlockBytes);
  const Tweak tweak = tweakArgument(arguments, 2, 5);
  const View<uint8_t> zeros = bytesOf(arguments, 3, blocks.length), ones = bytesOf(arguments, 4, blocks.length);
  expectSameOrApart(arguments, blocks, zeros, 3);
  expectSameOrApart(arguments, blocks, ones, 4);
  arguments.expect(!overlap(zeros, ones), 4, "memory apart from the other output");
  hashPairs(blocks.data, delta.data, zeros.data, ones.data, blocks.length / kBlockBytes, tweak);
}

void callExpandBlocks(const Arguments& arguments) {
  const View<uint8_t> seeds = blocksOf(arguments, 0);
  const Tweak tweak = tweakArgument(arguments, 1, 4);
  const size_t blocksPerSeed = arguments.size(2, 0, int64_t{1} << 32);
  const View<uint8_t> out = bytesOf(arguments, 3, arguments.product(2, {seeds.length, blocksPerSeed}));
  arguments.expect(!overlap(seeds, out), 3, "memory apart from the seeds");
  expandBlocks(seeds.data, out.data, seeds.length / kBlockBytes, blocksPerSeed, tweak);
}

void callGgmDouble(const Arguments& arguments) {
  const View<uint8_t> parents = blocksOf(arguments, 0), children = bytesOf(arguments, 1, 2 * parents.length);
  expectSameOrApart(arguments, parents, children, 1);
  ggmDouble(suiteArgument(arguments, 2), parents.data, children.data, parents.length / kBlockBytes);
}

}  // namespace

void addPrg(Bindings& bindings) {
  bindings.add<callAesEncrypt>("aesEncrypt");
  bindings.add<callPrgFill>("prgFill");
  bindings.add<callHashBlocks>("hashBlocks");
  bindings.add<callHashPairs>("hashPairs");
  bindings.add<callExpandBlocks>("expandBlocks");
  bindings.add<callGgmDouble>("ggmDouble");
}

}  // namespace cipherprune
