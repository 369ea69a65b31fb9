#include "arguments.h"
#include "async-job.h"
#include "module.h"
#include "src/rlwe/packed-linear.h"

namespace cipherprune {

namespace {

const RlweContext& contextOf(const Arguments& a, size_t primesIndex, size_t n) {
  const auto primes = a.uint32s(primesIndex);
  return rlweContext(n, std::vector<uint32_t>(primes.data, primes.data + primes.length));
}

const uint8_t* seedOf(const Arguments& a, size_t index) {
  const auto seed = a.bytes(index);
  a.expectLength(index, seed.length, seedBytes);
  return seed.data;
}

/** Jobs outlive the call: seeds are copied. */
std::vector<uint8_t> seedCopy(const Arguments& a, size_t index) {
  const uint8_t* seed = seedOf(a, index);
  return std::vector<uint8_t>(seed, seed + seedBytes);
}

PackedLayout layoutOf(const Arguments& a, size_t index) {
  const auto w = a.uint32s(index);
  a.expectLength(index, w.length, 11);
  const uint32_t* d = w.data;
  a.expect(d[3] != 0 && d[6] != 0 && d[7] != 0, index, "tokens, kIn and kOut above 0");
  return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], static_cast<int>(d[10])};
}

/** Strides whose largest index lies inside `length` words. */
Strides stridesOf(const Arguments& a, size_t index, size_t batch, size_t rows, size_t columns, size_t length) {
  const auto s = a.uint32s(index);
  a.expectLength(index, s.length, 3);
  const Strides strides{s.data[0], s.data[1], s.data[2]};
  a.expect(strides.at(batch - 1, rows - 1, columns - 1) < length, index, "strides inside the tensor");
  return strides;
}

size_t threadsOf(const Arguments& a, size_t index) { return static_cast<size_t>(a.integer(index, 1, 256)); }

const int32_t* secretOf(const Arguments& a, size_t index, size_t n) {
  const auto secret = a.int32s(index);
  a.expectLength(index, secret.length, n);
  return secret.data;
}

void secret(const Arguments& a) {
  Sampler sampler(seedOf(a, 0));
  const auto out = a.int32s(1);
  sampler.ternary(out.length, out.data);
}

void publicKey(const Arguments& a) {
  const auto s = a.int32s(1);
  const RlweContext& context = contextOf(a, 0, s.length);
  const auto out = a.bytes(4);
  a.expectLength(4, out.length, publicKeyBytes(context));
  makePublicKey(context, s.data, seedOf(a, 2), seedOf(a, 3), out.data);
}

double publicKeyExpansion(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const auto bytes = a.bytes(3);
  const auto out = a.uint32s(4);
  a.expectLength(3, bytes.length, publicKeyBytes(context));
  a.expectLength(4, out.length, publicKeyWords(context));
  return static_cast<double>(expandPublicKey(context, seedOf(a, 2), bytes.data, out.data));
}

void galoisKeys(const Arguments& a) {
  const auto s = a.int32s(1);
  const RlweContext& context = contextOf(a, 0, s.length);
  const size_t count = static_cast<size_t>(a.integer(2, 0, static_cast<int64_t>(context.logN)));
  const auto out = a.bytes(5);
  a.expectLength(5, out.length, count * galoisKeyBytes(context));
  makeGaloisKeys(context, s.data, count, seedOf(a, 3), seedOf(a, 4), out.data);
}

double galoisKeyExpansion(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const size_t count = static_cast<size_t>(a.integer(2, 0, static_cast<int64_t>(context.logN)));
  const auto bytes = a.bytes(4);
  const auto out = a.uint32s(5);
  a.expectLength(4, bytes.length, count * galoisKeyBytes(context));
  a.expectLength(5, out.length, count * galoisKeyWords(context));
  return static_cast<double>(expandGaloisKeys(context, count, seedOf(a, 3), bytes.data, out.data));
}

void automorphism(const Arguments& a) {
  const RlweContext& context = contextOf(a, 0, a.size(1));
  const size_t limbs = static_cast<size_t>(a.integer(2, 1, static_cast<int64_t>(context.limbs)));
  const auto keys = a.uint32s(3), ct = a.uint32s(5), out = a.uint32s(6);
  const size_t logStep = static_cast<size_t>(a.integer(4, 0, static_cast<int64_t>(context.logN) - 1));
  a.expect(keys.length >= (logStep + 1) * galoisKeyWords(context), 3, "keys up to this automorphism");
  a.expectLength(5, ct.length, 2 * limbs * context.n);
  a.expectLength(6, out.length, ct.length);
  KeySwitcher(context, limbs, keys.data).automorphism(ct.data, logStep, out.data);
}

Napi::Value encryptJob(const Napi::CallbackInfo& info) {
  const Arguments a(info, "rlweEncryptPacked");
  const PackedLayout layout = layoutOf(a, 1);
  const RlweContext& context = contextOf(a, 0, layout.n);
  layout.check(context);
  const int32_t* s = secretOf(a, 2, layout.n);
  const auto x = a.words(3);
  const Strides strides = stridesOf(a, 4, layout.batch, layout.rows, layout.inputs, x.length);
  const std::vector<uint8_t> publicSeed = seedCopy(a, 5), errorSeed = seedCopy(a, 6);
  const size_t threads = threadsOf(a, 7);
  const auto out = a.bytes(8);
  a.expectLength(8, out.length, layout.inputBytes());
  return AsyncJob::start(info, [=, &context] {
    encryptPacked(context, layout, s, x.data, strides, publicSeed.data(), errorSeed.data(), threads, out.data);
    return 0.0;
  });
}

PackedWeights weightsOf(const Arguments& a, const Napi::CallbackInfo& info, const PackedLayout& layout) {
  const bool wide = info.Length() > 6 && info[6].IsTypedArray() && info[6].As<Napi::TypedArray>().TypedArrayType() == napi_biguint64_array;
  PackedWeights weights{nullptr, nullptr, static_cast<int>(a.integer(7, 2, 32)), {}};
  size_t length;
  if (wide) {
    const auto words = a.words(6);
    weights.words = words.data, length = words.length;
  } else {
    const auto narrow = a.int16s(6);
    weights.narrow = narrow.data, length = narrow.length;
  }
  weights.strides = stridesOf(a, 8, layout.batch, layout.inputs, layout.outputs, length);
  return weights;
}

Napi::Value evaluateJob(const Napi::CallbackInfo& info) {
  const Arguments a(info, "rlweEvaluatePacked");
  const PackedLayout layout = layoutOf(a, 1);
  const RlweContext& context = contextOf(a, 0, layout.n);
  layout.check(context);
  const auto publicKey = a.uint32s(2), galois = a.uint32s(3);
  a.expectLength(2, publicKey.length, publicKeyWords(context));
  a.expect(galois.length >= layout.logKIn() * galoisKeyWords(context), 3, "a Galois key for each halving of kIn");
  const auto inputs = a.bytes(4);
  a.expectLength(4, inputs.length, layout.inputBytes());
  const std::vector<uint8_t> publicSeed = seedCopy(a, 5), secretSeed = seedCopy(a, 12);
  const PackedWeights weights = weightsOf(a, info, layout);
  const auto mask = a.words(9);
  const Strides maskStrides = stridesOf(a, 10, layout.batch, layout.rows, layout.outputs, mask.length);
  const int floodBits = static_cast<int>(a.integer(11, 1, primeBits * static_cast<int64_t>(layout.limbs) - 2));
  const size_t threads = threadsOf(a, 13);
  const auto out = a.bytes(14);
  a.expectLength(14, out.length, layout.outputBytes());
  return AsyncJob::start(info, [=, &context] {
    return static_cast<double>(evaluatePacked(context, layout, {publicKey.data, galois.data}, inputs.data, publicSeed.data(), weights,
                                              mask.data, maskStrides, floodBits, secretSeed.data(), threads, out.data));
  });
}

Napi::Value decryptJob(const Napi::CallbackInfo& info) {
  const Arguments a(info, "rlweDecryptPacked");
  const PackedLayout layout = layoutOf(a, 1);
  const RlweContext& context = contextOf(a, 0, layout.n);
  layout.check(context);
  const int32_t* s = secretOf(a, 2, layout.n);
  const auto bytes = a.bytes(3);
  a.expectLength(3, bytes.length, layout.outputBytes());
  const size_t threads = threadsOf(a, 4);
  const auto out = a.words(5);
  const Strides strides = stridesOf(a, 6, layout.batch, layout.rows, layout.outputs, out.length);
  const auto noise = a.words(7);
  a.expectLength(7, noise.length, 1);
  return AsyncJob::start(info, [=, &context] {
    return static_cast<double>(decryptPacked(context, layout, s, bytes.data, threads, out.data, strides, noise.data));
  });
}

}  // namespace

void registerRlwe(Napi::Env env, Napi::Object exports) {
  exportVoid<secret>(env, exports, "rlweSecret");
  exportVoid<publicKey>(env, exports, "rlwePublicKey");
  exportNumber<publicKeyExpansion>(env, exports, "rlweExpandPublicKey");
  exportVoid<galoisKeys>(env, exports, "rlweGaloisKeys");
  exportNumber<galoisKeyExpansion>(env, exports, "rlweExpandGaloisKeys");
  exportVoid<automorphism>(env, exports, "rlweAutomorphism");
  exports.Set("rlweEncryptPacked", Napi::Function::New(env, encryptJob, "rlweEncryptPacked"));
  exports.Set("rlweEvaluatePacked", Napi::Function::New(env, evaluateJob, "rlweEvaluatePacked"));
  exports.Set("rlweDecryptPacked", Napi::Function::New(env, decryptJob, "rlweDecryptPacked"));
}

}  // namespace cipherprune
