#include "src/shuffle/seed-matrix.h"

#include <utility>
#include <vector>

#include "arguments.h"
#include "module.h"

namespace cipherprune {

namespace {

constexpr size_t kBlock = 16;
/** Far above any sequence length; keeps n² seeds addressable. */
constexpr size_t kMaxRows = 1 << 14;

size_t rowsArgument(const Arguments& arguments, size_t index) {
  return static_cast<size_t>(arguments.integer(index, 1, kMaxRows));
}

View<uint8_t> blocksArgument(const Arguments& arguments, size_t index, size_t blocks) {
  const auto bytes = arguments.bytes(index);
  arguments.expectLength(index, bytes.length, blocks * kBlock);
  return bytes;
}

/** Indices below `bound`; as many as there are when the bound is 0. */
View<uint32_t> pointsArgument(const Arguments& arguments, size_t index, size_t bound) {
  const auto points = arguments.uint32s(index);
  arguments.expect(points.length >= 1 && points.length <= kMaxRows, index, "between 1 and 16384 indices");
  const size_t limit = bound == 0 ? points.length : bound;
  for (size_t i = 0; i < points.length; i++) arguments.expect(points.data[i] < limit, index, "indices in range");
  return points;
}

std::vector<RowSegment> segmentsArgument(const Napi::CallbackInfo& info, const Arguments& arguments, size_t index) {
  arguments.expect(index < info.Length() && info[index].IsArray(), index, "an array of segments");
  const auto array = info[index].As<Napi::Array>();
  std::vector<RowSegment> segments;
  for (uint32_t s = 0; s < array.Length(); s++) {
    const Napi::Value entry = array[s];
    arguments.expect(entry.IsObject(), index, "an array of segments");
    const Napi::Value columns = entry.As<Napi::Object>().Get("columns");
    const Napi::Value bits = entry.As<Napi::Object>().Get("ringBits");
    arguments.expect(columns.IsNumber() && bits.IsNumber(), index, "columns and ringBits in every segment");
    const int64_t columnCount = columns.As<Napi::Number>().Int64Value();
    const int64_t ringBits = bits.As<Napi::Number>().Int64Value();
    arguments.expect(columnCount >= 0 && columnCount <= 1 << 24, index, "at most 2^24 columns");
    arguments.expect(ringBits >= 1 && ringBits <= 64, index, "rings of 1 to 64 bits");
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
      auto words = Napi::BigUint64Array::New(env, rows * segments[s].columns);
      pointers.push_back(words.Data());
      list.Set(static_cast<uint32_t>(s), words);
    }
    arrays = Napi::Persistent(list);
  }
};

/** Expands rows on a thread of the pool; the promise settles on the main thread. */
class RowWorker : public Napi::AsyncWorker {
 public:
  RowWorker(const Napi::CallbackInfo& info, View<uint8_t> seeds, size_t rows, View<uint8_t> salt,
            std::vector<RowSegment> segments)
      : Napi::AsyncWorker(info.Env(), "seedMatrix"),
        deferred(Napi::Promise::Deferred::New(info.Env())),
        rows(rows),
        seedsReference(Napi::Persistent(info[0].As<Napi::Object>())),
        seeds(seeds.data),
        salt(salt.data, salt.data + salt.length),
        segments(std::move(segments)),
        first(info.Env(), rows, this->segments) {}

  void OnError(const Napi::Error& error) override { deferred.Reject(error.Value()); }

  Napi::Promise start() {
    const Napi::Promise promise = deferred.Promise();
    Queue();
    return promise;
  }

 protected:
  Napi::Promise::Deferred deferred;
  size_t rows;
  Napi::ObjectReference seedsReference;
  const uint8_t* seeds;
  std::vector<uint8_t> salt;
  std::vector<RowSegment> segments;
  Outputs first;
};

class SumWorker final : public RowWorker {
 public:
  SumWorker(const Napi::CallbackInfo& info, View<uint8_t> seeds, size_t rows, View<uint8_t> salt,
            std::vector<RowSegment> segments)
      : RowWorker(info, seeds, rows, salt, std::move(segments)), second(info.Env(), rows, this->segments) {}

  void Execute() override {
    seedMatrixSums(seeds, rows, salt.data(), segments.data(), segments.size(), first.pointers.data(),
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

class DifferenceWorker final : public RowWorker {
 public:
  DifferenceWorker(const Napi::CallbackInfo& info, View<uint8_t> seeds, View<uint32_t> permutation, View<uint8_t> salt,
                   std::vector<RowSegment> segments)
      : RowWorker(info, seeds, permutation.length, salt, std::move(segments)),
        permutation(permutation.data, permutation.data + permutation.length) {}

  void Execute() override {
    seedMatrixDifferences(seeds, permutation.data(), rows, salt.data(), segments.data(), segments.size(),
                   first.pointers.data());
  }

  void OnOK() override { deferred.Resolve(first.arrays.Value()); }

 private:
  std::vector<uint32_t> permutation;
};

Napi::Value grow(const Napi::CallbackInfo& info) {
  const Arguments arguments(info, "seedMatrixGrow");
  const auto roots = arguments.bytes(0);
  const size_t trees = roots.length / kBlock;
  arguments.expect(roots.length % kBlock == 0 && trees <= kMaxRows, 0, "whole blocks, at most 16384");
  const size_t leaves = rowsArgument(arguments, 1);
  const auto salt = blocksArgument(arguments, 2, 1);
  auto seeds = Napi::Uint8Array::New(info.Env(), trees * leaves * kBlock);
  auto levelSums = Napi::Uint8Array::New(info.Env(), trees * treeDepth(leaves) * 2 * kBlock);
  seedMatrixGrow(roots.data, trees, leaves, salt.data, seeds.Data(), levelSums.Data());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("seeds", seeds);
  result.Set("levelSums", levelSums);
  return result;
}

Napi::Value puncture(const Napi::CallbackInfo& info) {
  const Arguments arguments(info, "seedMatrixPuncture");
  const size_t leaves = rowsArgument(arguments, 2);
  const auto points = pointsArgument(arguments, 1, leaves);
  const auto sums = blocksArgument(arguments, 0, points.length * treeDepth(leaves));
  const auto salt = blocksArgument(arguments, 3, 1);
  auto seeds = Napi::Uint8Array::New(info.Env(), points.length * leaves * kBlock);
  seedMatrixPuncture(sums.data, points.data, points.length, leaves, salt.data, seeds.Data());
  return seeds;
}

Napi::Value sums(const Napi::CallbackInfo& info) {
  const Arguments arguments(info, "seedMatrixSums");
  const size_t rows = rowsArgument(arguments, 1);
  const auto seeds = blocksArgument(arguments, 0, rows * rows);
  const auto salt = blocksArgument(arguments, 2, 1);
  auto segments = segmentsArgument(info, arguments, 3);
  return (new SumWorker(info, seeds, rows, salt, std::move(segments)))->start();
}

Napi::Value differences(const Napi::CallbackInfo& info) {
  const Arguments arguments(info, "seedMatrixDifferences");
  const auto permutation = pointsArgument(arguments, 1, 0);
  const auto seeds = blocksArgument(arguments, 0, permutation.length * permutation.length);
  const auto salt = blocksArgument(arguments, 2, 1);
  auto segments = segmentsArgument(info, arguments, 3);
  return (new DifferenceWorker(info, seeds, permutation, salt, std::move(segments)))->start();
}

}  // namespace

void registerSeedMatrix(Napi::Env env, Napi::Object exports) {
  exports.Set("seedMatrixGrow", Napi::Function::New(env, grow));
  exports.Set("seedMatrixPuncture", Napi::Function::New(env, puncture));
  exports.Set("seedMatrixSums", Napi::Function::New(env, sums));
  exports.Set("seedMatrixDifferences", Napi::Function::New(env, differences));
}

}  // namespace cipherprune
