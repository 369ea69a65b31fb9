#include "binding.h"
#include "suite.h"
#include "src/rlwe/packed-linear.h"
#include "src/rlwe/packing.h"

namespace cipherprune {

namespace {

const RlweContext& contextOf(const Arguments& a, Key primesKey, size_t n) {
  const auto primes = a.uint32s(primesKey);
  return rlweContext(n, std::vector<uint32_t>(primes.data, primes.data + primes.length));
}

const uint8_t* seedOf(const Arguments& a, Key key) {
  const auto seed = a.bytes(key);
  a.expectLength(key, seed.length, seedBytes);
  return seed.data;
}

/** Jobs outlive the call: seeds are copied. */
std::vector<uint8_t> seedCopy(const Arguments& a, Key key) {
  const uint8_t* seed = seedOf(a, key);
  return std::vector<uint8_t>(seed, seed + seedBytes);
}

PackedLayout layoutOf(const Arguments& a, Key key) {
  const auto w = a.uint32s(key);
  a.expectLength(key, w.length, 13);
  const uint32_t* d = w.data;
  a.expect(d[3] != 0 && d[6] != 0 && d[7] != 0, key, "tokens, kIn and kOut above 0");
  return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], static_cast<int>(d[10]),
          static_cast<int>(d[11]), static_cast<int>(d[12])};
}

/** Strides whose largest key lies inside `length` words. */
Strides stridesOf(const Arguments& a, Key key, size_t batch, size_t rows, size_t columns, size_t length) {
  const auto s = a.uint32s(key);
  a.expectLength(key, s.length, 3);
  const Strides strides{s.data[0], s.data[1], s.data[2]};
  a.expect(strides.at(batch - 1, rows - 1, columns - 1) < length, key, "strides inside the tensor");
  return strides;
}

size_t threadsOf(const Arguments& a, Key key) { return static_cast<size_t>(a.integer(key, 1, 256)); }

const int32_t* secretOf(const Arguments& a, Key key, size_t n) {
  const auto secret = a.int32s(key);
  a.expectLength(key, secret.length, n);
  return secret.data;
}

void secret(const Arguments& a) {
  Sampler sampler({suiteArgument(a, 2), seedOf(a, 0)});
  const auto out = a.int32s(1);
  sampler.ternary(out.length, out.data);
}

void publicKey(const Arguments& a) {
  const auto s = a.int32s(1);
  const RlweContext& context = contextOf(a, 0, s.length);
  const auto out = a.bytes(4);
  a.expectLength(4, out.length, publicKeyBytes(context));
  const Suite suite = suiteArgument(a, 5);
  makePublicKey(context, s.data, {suite, seedOf(a, 2)}, {suite, seedOf(a, 3)}, out.data);
}

double publicKeyExpansion(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const auto bytes = a.bytes(3);
  const auto out = a.uint32s(4);
  a.expectLength(3, bytes.length, publicKeyBytes(context));
  a.expectLength(4, out.length, publicKeyWords(context));
  return static_cast<double>(expandPublicKey(context, {suiteArgument(a, 5), seedOf(a, 2)}, bytes.data, out.data));
}

/** A power of two up to n / 2. */
size_t kInOf(const Arguments& a, size_t at, const RlweContext& context) {
  const size_t kIn = static_cast<size_t>(a.integer(at, 2, static_cast<int64_t>(context.n / 2)));
  a.expect((kIn & (kIn - 1)) == 0, at, "a power of two");
  return kIn;
}

void packingKeys(const Arguments& a) {
  const auto s = a.int32s(1);
  const RlweContext& context = contextOf(a, 0, s.length);
  const size_t kIn = kInOf(a, 2, context);
  const auto out = a.bytes(5);
  a.expectLength(5, out.length, kIn * packingKeyBytes(context));
  const Suite suite = suiteArgument(a, 6);
  makePackingKeys(context, s.data, kIn, {suite, seedOf(a, 3)}, {suite, seedOf(a, 4)}, out.data);
}

double packingKeyExpansion(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const size_t kIn = kInOf(a, 2, context);
  const auto bytes = a.bytes(4);
  const auto out = a.uint32s(5);
  a.expectLength(4, bytes.length, kIn * packingKeyBytes(context));
  a.expectLength(5, out.length, kIn * packingKeyWords(context));
  return static_cast<double>(expandPackingKeys(context, kIn, {suiteArgument(a, 6), seedOf(a, 3)}, bytes.data, out.data));
}

void halvedPackingKeys(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const size_t kIn = kInOf(a, 2, context);
  const auto keys = a.uint32s(3), out = a.uint32s(4);
  a.expectLength(3, keys.length, kIn * packingKeyWords(context));
  a.expectLength(4, out.length, keys.length / 2);
  halvePackingKeys(context, kIn, keys.data, out.data);
}

void packing(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const size_t limbs = static_cast<size_t>(a.integer(2, 1, static_cast<int64_t>(RlweContext::packedLimbs)));
  const size_t kIn = kInOf(a, 3, context);
  const auto keys = a.uint32s(4), products = a.uint32s(5), out = a.uint32s(6);
  a.expectLength(4, keys.length, kIn * packingKeyWords(context));
  a.expectLength(5, products.length, kIn * 2 * limbs * context.n);
  a.expectLength(6, out.length, 2 * limbs * context.n);
  packProducts(context, limbs, kIn, keys.data, products.data, out.data);
}

Job encryptJob(const Arguments& a) {
  const PackedLayout layout = layoutOf(a, "layout");
  const RlweContext& context = contextOf(a, "primes", layout.n);
  layout.check(context);
  const int32_t* s = secretOf(a, "secret", layout.n);
  const auto x = a.words("x");
  const Strides strides = stridesOf(a, "strides", layout.batch, layout.rows, layout.inputs, x.length);
  const std::vector<uint8_t> publicSeed = seedCopy(a, "publicSeed"), errorSeed = seedCopy(a, "errorSeed");
  const Suite suite = suiteArgument(a, "suite");
  const size_t threads = threadsOf(a, "threads");
  const auto out = a.bytes("out");
  a.expectLength("out", out.length, layout.inputBytes());
  return [=, &context] {
    encryptPacked(context, layout, s, x.data, strides, {suite, publicSeed.data()}, {suite, errorSeed.data()}, threads, out.data);
    return 0.0;
  };
}

PackedWeights weightsOf(const Arguments& a, const PackedLayout& layout) {
  PackedWeights weights{nullptr, nullptr, static_cast<int>(a.integer("weightBits", 2, 32)), {}};
  size_t length;
  if (a.isWords("weights")) {
    const auto words = a.words("weights");
    weights.words = words.data, length = words.length;
  } else {
    const auto narrow = a.int16s("weights");
    weights.narrow = narrow.data, length = narrow.length;
  }
  weights.strides = stridesOf(a, "weightStrides", layout.batch, layout.inputs, layout.outputs, length);
  return weights;
}

/** What of the answer: both halves, half a, half b. */
Halves halvesOf(const Arguments& a, Key key) {
  const int64_t which = a.integer(key, 0, 2);
  return {which != 2, which != 1};
}

Job evaluateJob(const Arguments& a) {
  const PackedLayout layout = layoutOf(a, "layout");
  const RlweContext& context = contextOf(a, "primes", layout.n);
  layout.check(context);
  const Halves halves = halvesOf(a, "halves");
  const auto publicKey = a.uint32s("publicKey"), packingKeys = a.uint32s("packingKeys");
  a.expectLength("publicKey", publicKey.length, publicKeyWords(context));
  a.expectLength("packingKeys", packingKeys.length, layout.kIn == 1 ? 0 : layout.kIn * packingKeyWords(context));
  const auto lastPackingKeys = a.uint32s("lastPackingKeys");
  a.expectLength("lastPackingKeys", lastPackingKeys.length, layout.kIn == 1 ? 0 : layout.lastKIn() * packingKeyWords(context));
  const std::vector<uint8_t> publicSeed = seedCopy(a, "publicSeed"), secretSeed = seedCopy(a, "secretSeed");
  const Suite suite = suiteArgument(a, "suite");
  const PackedWeights weights = weightsOf(a, layout);
  const int floodBits = static_cast<int>(a.integer("floodBits", 1, primeBits * static_cast<int64_t>(layout.limbs) - 2));
  const size_t threads = threadsOf(a, "threads");
  const auto inputs = a.bytes("inputs");
  a.expectLength("inputs", inputs.length, halves.b ? layout.inputBytes() : 0);
  const auto mask = a.words("mask");
  const Strides maskStrides = halves.b ? stridesOf(a, "maskStrides", layout.batch, layout.rows, layout.outputs, mask.length) : Strides{};
  const auto kept = a.uint32s("kept");
  a.expectLength("kept", kept.length, halves.a && halves.b ? 0 : layout.keptWords());
  const auto out = a.bytes("out");
  a.expectLength("out", out.length, (halves.a ? layout.outputABytes() : 0) + (halves.b ? layout.outputBBytes() : 0));
  a.expect(out.length < size_t{1} << 31, "out", "less than 2^31 bytes");
  const auto ready = a.int32s("ready");
  a.expectLength("ready", ready.length, 1);
  return [=, &context] {
    return static_cast<double>(evaluatePacked(context, layout, {publicKey.data, packingKeys.data, lastPackingKeys.data}, inputs.data, {suite, publicSeed.data()}, weights,
                                              mask.data, maskStrides, floodBits, {suite, secretSeed.data()}, threads,
                                              {halves, kept.data, out.data, ready.data}));
  };
}

Job decryptJob(const Arguments& a) {
  const PackedLayout layout = layoutOf(a, "layout");
  const RlweContext& context = contextOf(a, "primes", layout.n);
  layout.check(context);
  const int32_t* s = secretOf(a, "secret", layout.n);
  const auto bytes = a.bytes("bytes");
  a.expectLength("bytes", bytes.length, layout.outputABytes() + layout.outputBBytes());
  const size_t threads = threadsOf(a, "threads");
  const auto out = a.words("out");
  const Strides strides = stridesOf(a, "strides", layout.batch, layout.rows, layout.outputs, out.length);
  const auto noise = a.words("noise");
  a.expectLength("noise", noise.length, 1);
  return [=, &context] {
    return static_cast<double>(decryptPacked(context, layout, s, bytes.data, threads, out.data, strides, noise.data));
  };
}

}  // namespace

void addRlwe(Bindings& bindings) {
  bindings.add<secret>("rlweSecret");
  bindings.add<publicKey>("rlwePublicKey");
  bindings.add<publicKeyExpansion>("rlweExpandPublicKey");
  bindings.add<packingKeys>("rlwePackingKeys");
  bindings.add<packingKeyExpansion>("rlweExpandPackingKeys");
  bindings.add<halvedPackingKeys>("rlweHalvePackingKeys");
  bindings.add<packing>("rlwePack");
  bindings.add<encryptJob>("rlweEncryptPacked");
  bindings.add<evaluateJob>("rlweEvaluatePacked");
  bindings.add<decryptJob>("rlweDecryptPacked");
}

}  // namespace cipherprune
