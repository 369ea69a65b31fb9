#include "src/ggm.h"

#include <memory>
#include <string>
#include <vector>

#include "napi/module.h"

namespace cipherprune {

namespace {

constexpr size_t kBlock = 16;
/** Far above any sequence length; keeps n² seeds addressable. */
constexpr size_t kMaxRows = 1 << 14;

[[noreturn]] void refuse(Napi::Env env, const std::string& message) { throw Napi::TypeError::New(env, message); }

Napi::Uint8Array bytesArgument(const Napi::CallbackInfo& info, size_t index, const char* name, size_t expected) {
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse(info.Env(), std::string(name) + ": expected a Uint8Array");
  const auto array = info[index].As<Napi::Uint8Array>();
  if (expected != 0 && array.ByteLength() != expected)
    refuse(info.Env(), std::string(name) + ": expected " + std::to_string(expected) + " bytes, got " +
                           std::to_string(array.ByteLength()));
  return array;
}

size_t rowsArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : 0;
  if (!(value >= 1 && value <= kMaxRows) || value != static_cast<double>(static_cast<size_t>(value)))
    refuse(info.Env(), std::string(name) + ": expected an integer from 1 to " + std::to_string(kMaxRows));
  return static_cast<size_t>(value);
}

Napi::Uint32Array pointsArgument(const Napi::CallbackInfo& info, size_t index, size_t below) {
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
    refuse(info.Env(), "points: expected a Uint32Array");
  const auto points = info[index].As<Napi::Uint32Array>();
  const size_t count = below == 0 ? points.ElementLength() : below;
  for (size_t i = 0; i < points.ElementLength(); i++)
    if (points[i] >= count) refuse(info.Env(), "points: out of range");
  return points;
}

std::vector<RowSegment> segmentsArgument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsArray()) refuse(info.Env(), "segments: expected an array");
  const auto array = info[index].As<Napi::Array>();
  std::vector<RowSegment> segments;
  for (uint32_t s = 0; s < array.Length(); s++) {
    const Napi::Value entry = array[s];
    if (!entry.IsObject()) refuse(info.Env(), "segments: expected objects");
    const Napi::Value columns = entry.As<Napi::Object>().Get("columns");
    const Napi::Value bits = entry.As<Napi::Object>().Get("ringBits");
    if (!columns.IsNumber() || !bits.IsNumber()) refuse(info.Env(), "segments: expected columns and ringBits");
    const double columnCount = columns.As<Napi::Number>().DoubleValue();
    const int64_t ringBits = bits.As<Napi::Number>().Int64Value();
    if (!(columnCount >= 0 && columnCount <= 1 << 24)) refuse(info.Env(), "segments: columns out of range");
    if (ringBits < 1 || ringBits > 64) refuse(info.Env(), "segments: ringBits out of range");
    segments.push_back({static_cast<size_t>(columnCount), static_cast<unsigned>(ringBits)});
  }
  return segments;
}

/** One output word array for each segment; the pointers stay valid while the arrays are referenced. */
struct Outputs {
  Napi::Reference<Napi::Array> arrays;
  std::vector<uint64_t*> pointers;

  Outputs(Napi::Env env, size_t rows, const std::vector<RowSegment>& segments) {
    Napi::Array list = Napi::Array::New(env, segments.size());
    for (size_t s = 0; s < segments.size(); s++) {
      const auto words = Napi::BigUint64Array::New(env, rows * segments[s].columns);
      pointers.push_back(words.Data());
      list.Set(static_cast<uint32_t>(s), words);
    }
    arrays = Napi::Persistent(list);
  }
};

/** Expands rows on a thread of the pool; the promise settles on the main thread. */
class SumWorker : public Napi::AsyncWorker {
 public:
  SumWorker(Napi::Env env, Napi::Uint8Array seeds, size_t rows, Napi::Uint8Array salt,
            std::vector<RowSegment> segments)
      : Napi::AsyncWorker(env, "ggm"),
        deferred(Napi::Promise::Deferred::New(env)),
        rows(rows),
        seeds(Napi::Persistent(seeds)),
        seedBytes(seeds.Data()),
        salt(salt.Data(), salt.Data() + kBlock),
        segments(std::move(segments)),
        first(env, rows, this->segments) {}

  void OnError(const Napi::Error& error) override { deferred.Reject(error.Value()); }

  Napi::Promise promise() const { return deferred.Promise(); }

 protected:
  Napi::Promise::Deferred deferred;
  size_t rows;
  Napi::Reference<Napi::Uint8Array> seeds;
  const uint8_t* seedBytes;
  std::vector<uint8_t> salt;
  std::vector<RowSegment> segments;
  Outputs first;
};

class BothSumsWorker final : public SumWorker {
 public:
  BothSumsWorker(Napi::Env env, Napi::Uint8Array seeds, size_t rows, Napi::Uint8Array salt,
                 std::vector<RowSegment> segments)
      : SumWorker(env, seeds, rows, salt, std::move(segments)), second(env, rows, this->segments) {}

  void Execute() override {
    ggmSums(seedBytes, rows, salt.data(), segments.data(), segments.size(), first.pointers.data(),
            second.pointers.data());
  }

  void OnOK() override {
    Napi::Object result = Napi::Object::New(Env());
    result.Set("columnSums", first.arrays.Value());
    result.Set("rowSums", second.arrays.Value());
    deferred.Resolve(result);
  }

 private:
  Outputs second;
};

class DifferenceWorker final : public SumWorker {
 public:
  DifferenceWorker(Napi::Env env, Napi::Uint8Array seeds, const Napi::Uint32Array& permutation, Napi::Uint8Array salt,
                   std::vector<RowSegment> segments)
      : SumWorker(env, seeds, permutation.ElementLength(), salt, std::move(segments)),
        permutation(permutation.Data(), permutation.Data() + permutation.ElementLength()) {}

  void Execute() override {
    ggmDifferences(seedBytes, permutation.data(), rows, salt.data(), segments.data(), segments.size(),
                   first.pointers.data());
  }

  void OnOK() override { deferred.Resolve(first.arrays.Value()); }

 private:
  std::vector<uint32_t> permutation;
};

Napi::Value grow(const Napi::CallbackInfo& info) {
  const auto roots = bytesArgument(info, 0, "roots", 0);
  const size_t leaves = rowsArgument(info, 1, "leaves");
  const auto salt = bytesArgument(info, 2, "salt", kBlock);
  if (roots.ByteLength() % kBlock != 0) refuse(info.Env(), "roots: expected whole blocks");
  const size_t trees = roots.ByteLength() / kBlock;
  if (trees > kMaxRows) refuse(info.Env(), "roots: too many trees");
  auto seeds = Napi::Uint8Array::New(info.Env(), trees * leaves * kBlock);
  auto levelSums = Napi::Uint8Array::New(info.Env(), trees * ggmDepth(leaves) * 2 * kBlock);
  ggmGrow(roots.Data(), trees, leaves, salt.Data(), seeds.Data(), levelSums.Data());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("seeds", seeds);
  result.Set("levelSums", levelSums);
  return result;
}

Napi::Value puncture(const Napi::CallbackInfo& info) {
  const size_t leaves = rowsArgument(info, 2, "leaves");
  const auto points = pointsArgument(info, 1, leaves);
  const size_t trees = points.ElementLength();
  if (trees > kMaxRows) refuse(info.Env(), "points: too many trees");
  const size_t sumBytes = trees * ggmDepth(leaves) * kBlock;
  const auto sums = bytesArgument(info, 0, "sums", 0);
  if (sums.ByteLength() != sumBytes) refuse(info.Env(), "sums: expected " + std::to_string(sumBytes) + " bytes");
  const auto salt = bytesArgument(info, 3, "salt", kBlock);
  auto seeds = Napi::Uint8Array::New(info.Env(), trees * leaves * kBlock);
  ggmPuncture(sums.Data(), points.Data(), trees, leaves, salt.Data(), seeds.Data());
  return seeds;
}

Napi::Value sums(const Napi::CallbackInfo& info) {
  const size_t rows = rowsArgument(info, 1, "rows");
  const auto seeds = bytesArgument(info, 0, "seeds", rows * rows * kBlock);
  const auto salt = bytesArgument(info, 2, "salt", kBlock);
  auto worker = new BothSumsWorker(info.Env(), seeds, rows, salt, segmentsArgument(info, 3));
  worker->Queue();
  return worker->promise();
}

Napi::Value differences(const Napi::CallbackInfo& info) {
  const auto permutation = pointsArgument(info, 1, 0);
  const size_t rows = permutation.ElementLength();
  if (rows < 1 || rows > kMaxRows) refuse(info.Env(), "permutation: unexpected length");
  const auto seeds = bytesArgument(info, 0, "seeds", rows * rows * kBlock);
  const auto salt = bytesArgument(info, 2, "salt", kBlock);
  auto worker = new DifferenceWorker(info.Env(), seeds, permutation, salt, segmentsArgument(info, 3));
  worker->Queue();
  return worker->promise();
}

}  // namespace

void registerGgm(Napi::Env env, Napi::Object exports) {
  exports.Set("ggmGrow", Napi::Function::New(env, grow));
  exports.Set("ggmPuncture", Napi::Function::New(env, puncture));
  exports.Set("ggmSums", Napi::Function::New(env, sums));
  exports.Set("ggmDifferences", Napi::Function::New(env, differences));
}

}  // namespace cipherprune
