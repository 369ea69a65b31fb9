#include "binding.h"
#include "src/rlwe/resident.h"

namespace cipherprune {

namespace {

const RlweContext& contextOf(const Arguments& a, size_t n) {
  const auto primes = a.uint32s("primes");
  return rlweContext(n, std::vector<uint32_t>(primes.data, primes.data + primes.length));
}

ResidentLayout layoutOf(const Arguments& a) {
  const auto w = a.uint32s("layout");
  a.expectLength("layout", w.length, 10);
  const uint32_t* d = w.data;
  a.expect(d[0] != 0 && d[4] != 0, "layout", "n and kIn above 0");
  return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], static_cast<int>(d[7]), static_cast<int>(d[8]), static_cast<int>(d[9])};
}

/** Jobs outlive the call: seeds are copied. */
std::vector<uint8_t> seedOf(const Arguments& a, Key key) {
  const auto seed = a.bytes(key);
  a.expectLength(key, seed.length, seedBytes);
  return std::vector<uint8_t>(seed.data, seed.data + seedBytes);
}

size_t threadsOf(const Arguments& a) { return static_cast<size_t>(a.integer("threads", 1, 256)); }

Job encryptJob(const Arguments& a) {
  const ResidentLayout layout = layoutOf(a);
  const RlweContext& context = contextOf(a, layout.n);
  layout.check(context);
  const auto publicSeed = seedOf(a, "publicSeed"), secretSeed = seedOf(a, "secretSeed");
  const auto matrix = a.int16s("matrix");
  a.expectLength("matrix", matrix.length, a.product("matrix", {layout.inputs, layout.outputs}));
  const size_t first = a.size("first"), count = a.size("count", 1, static_cast<int64_t>(layout.outputBlocks()));
  a.expect(first + count <= layout.outputBlocks(), "first", "blocks that there are");
  const size_t threads = threadsOf(a);
  const auto out = a.bytes("out");
  a.expectLength("out", out.length, a.product("out", {count, layout.blockBytes()}));
  return [=, &context] {
    encryptResident(context, layout, publicSeed.data(), secretSeed.data(), matrix.data, first, count, threads, out.data);
    return 0.0;
  };
}

Job multiplyJob(const Arguments& a) {
  const ResidentLayout layout = layoutOf(a);
  const RlweContext& context = contextOf(a, layout.n);
  layout.check(context);
  const auto publicSeed = seedOf(a, "publicSeed"), secretSeed = seedOf(a, "secretSeed");
  const auto blocks = a.bytes("blocks");
  a.expectLength("blocks", blocks.length, a.product("blocks", {layout.outputBlocks(), layout.blockBytes()}));
  const size_t rows = a.size("rows", 1, 1 << 16);
  const auto x = a.words("x"), mask = a.words("mask");
  a.expectLength("x", x.length, a.product("x", {rows, layout.inputs}));
  a.expectLength("mask", mask.length, a.product("mask", {rows, layout.outputs}));
  const int floodBits = static_cast<int>(a.integer("floodBits", 1, primeBits * static_cast<int64_t>(layout.limbs) - 2));
  const size_t threads = threadsOf(a);
  const auto out = a.bytes("out");
  a.expectLength("out", out.length, layout.messageBytes(rows));
  const auto ready = a.int32s("ready");
  a.expectLength("ready", ready.length, 1);
  return [=, &context] {
    return static_cast<double>(multiplyResident(context, layout, publicSeed.data(), blocks.data, x.data, mask.data, rows, floodBits,
                                                secretSeed.data(), threads, out.data, ready.data));
  };
}

View<uint32_t> halvesOf(const Arguments& a, const ResidentLayout& layout, size_t rows) {
  const auto halves = a.uint32s("halves");
  a.expectLength("halves", halves.length, a.product("halves", {rows, layout.downLimbs, layout.rank, layout.n}));
  return halves;
}

Job halvesJob(const Arguments& a) {
  const ResidentLayout layout = layoutOf(a);
  const RlweContext& context = contextOf(a, layout.n);
  layout.check(context);
  const size_t rows = a.size("rows", 1, 1 << 16);
  const auto bytes = a.bytes("bytes");
  a.expectLength("bytes", bytes.length, a.product("bytes", {rows, layout.aBytes()}));
  const auto halves = halvesOf(a, layout, rows);
  const size_t threads = threadsOf(a);
  return [=, &context] {
    residentHalves(context, layout, bytes.data, rows, threads, halves.data);
    return 0.0;
  };
}

Job decryptJob(const Arguments& a) {
  const ResidentLayout layout = layoutOf(a);
  const RlweContext& context = contextOf(a, layout.n);
  layout.check(context);
  const auto secretSeed = seedOf(a, "secretSeed");
  const size_t rows = a.size("rows", 1, 1 << 16);
  const auto halves = halvesOf(a, layout, rows);
  const size_t first = a.size("first"), count = a.size("count", 1, static_cast<int64_t>(layout.outputBlocks()));
  a.expect(first + count <= layout.outputBlocks(), "first", "blocks that there are");
  const auto bytes = a.bytes("bytes");
  a.expectLength("bytes", bytes.length, layout.blocksBytes(rows, first, first + count));
  const auto out = a.words("out"), noise = a.words("noise");
  a.expectLength("out", out.length, a.product("out", {rows, layout.outputs}));
  a.expectLength("noise", noise.length, 1);
  const size_t threads = threadsOf(a);
  return [=, &context] {
    decryptResident(context, layout, secretSeed.data(), halves.data, bytes.data, rows, first, count, threads, out.data, noise.data);
    return 0.0;
  };
}

}  // namespace

void addResident(Bindings& bindings) {
  bindings.add<encryptJob>("residentEncrypt");
  bindings.add<multiplyJob>("residentMultiply");
  bindings.add<halvesJob>("residentHalves");
  bindings.add<decryptJob>("residentDecrypt");
}

}  // namespace cipherprune
