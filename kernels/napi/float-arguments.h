// Reads and checks the arguments of float kernels: types, lengths and products of sizes, before any memory is touched.
#pragma once
#include <napi.h>

#include <initializer_list>
#include <string>

#include "src/float/curve.h"

namespace cipherprune {

/** Reads the arguments of one call in order. */
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* name) : info_(info), name_(name) {}

  int64_t size(const char* what, int64_t least = 1) {
    const double value = number(what);
    if (value < least || value > static_cast<double>(kMostNumbers) || value != static_cast<double>(static_cast<int64_t>(value)))
      fail(what, "an integer of at least " + std::to_string(least));
    return static_cast<int64_t>(value);
  }

  /** Product of sizes. @throws TypeError where it is beyond 2^53, long before it could wrap around. */
  int64_t product(std::initializer_list<int64_t> sizes) {
    int64_t result = 1;
    for (const int64_t size : sizes)
      if (__builtin_mul_overflow(result, size, &result) || result > kMostNumbers)
        fail("sizes", "a product below 2^53");
    return result;
  }

  double number(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsNumber()) fail(what, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  bool flag(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsBoolean()) fail(what, "a boolean");
    return value.As<Napi::Boolean>().Value();
  }

  float* floats(const char* what, int64_t length) {
    return typed<float>(info_[next_++], what, length, napi_float32_array, "a Float32Array");
  }

  float* optionalFloats(const char* what, int64_t length) {
    if (info_[next_].IsNull()) {
      next_++;
      return nullptr;
    }
    return floats(what, length);
  }

  /** A Float32Array of any length, told through `length`. */
  float* anyFloats(const char* what, int64_t& length) {
    const Napi::Value value = info_[next_++];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      fail(what, "a Float32Array");
    length = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
    return value.As<Napi::Float32Array>().Data();
  }

  float rate(const char* what) { return static_cast<float>(number(what)); }

  uint32_t seed(const char* what) { return static_cast<uint32_t>(size(what, 0)); }

  /** A table of rows of `columns` numbers; `rows` becomes how many it has. */
  float* table(const char* what, int64_t columns, int64_t& rows) {
    int64_t length;
    float* data = anyFloats(what, length);
    if (length % columns != 0) fail(what, "rows of " + std::to_string(columns) + " numbers");
    rows = length / columns;
    return data;
  }

  /** Integers of any number, told through `length`. */
  const int32_t* anyIntegers(const char* what, int64_t& length) {
    const Napi::Value value = info_[next_++];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
      fail(what, "an Int32Array");
    length = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
    return value.As<Napi::Int32Array>().Data();
  }

  /** Row numbers before the table that they point into is known. */
  const int32_t* uncheckedRows(const char* what, int64_t length) {
    return typed<int32_t>(info_[next_++], what, length, napi_int32_array, "an Int32Array");
  }

  void checkRows(const char* what, const int32_t* data, int64_t length, int64_t limit) {
    for (int64_t i = 0; i < length; i++)
      if (data[i] < 0 || data[i] >= limit) fail(what, "row numbers below " + std::to_string(limit));
  }

  float32::Curve curve(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      fail(what, "a Float64Array");
    const Napi::Float64Array array = value.As<Napi::Float64Array>();
    const size_t length = array.ElementLength();
    const double* data = array.Data();
    if (length < 4 || data[0] < 0 || data[0] > 3) fail(what, "a curve");
    float32::Curve curve = {};
    curve.kind = static_cast<float32::CurveKind>(static_cast<int>(data[0]));
    if (curve.kind != float32::CurveKind::polynomial) return curve;
    if (!(data[1] >= 0 && data[1] <= 16 && data[2] >= 1 && data[2] <= float32::kMostSegments && data[3] >= 0 &&
          data[3] <= float32::kMostDegree))
      fail(what, "a curve of at most 6 segments and degree 12");
    curve.squarings = static_cast<int>(data[1]);
    curve.segments = static_cast<int>(data[2]);
    curve.degree = static_cast<int>(data[3]);
    if (length != 4 + static_cast<size_t>(curve.segments - 1 + curve.segments * (curve.degree + 1)))
      fail(what, "as many numbers as its head says");
    const double* rest = data + 4;
    for (int s = 0; s + 1 < curve.segments; s++) curve.bounds[s] = static_cast<float>(*rest++);
    for (int s = 0; s < curve.segments; s++)
      for (int d = 0; d <= curve.degree; d++) curve.coefficients[s][d] = static_cast<float>(*rest++);
    return curve;
  }

  [[noreturn]] void fail(const char* what, const std::string& expected) {
    throw Napi::TypeError::New(info_.Env(), std::string(name_) + ": " + what + ": expected " + expected);
  }

 private:
  static constexpr int64_t kMostNumbers = 9007199254740991;

  template <typename T>
  T* typed(const Napi::Value& value, const char* what, int64_t length, napi_typedarray_type type, const char* kind) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) fail(what, kind);
    const int64_t got = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
    if (got != length)
      fail(what, std::string(kind) + " of length " + std::to_string(length) + ", got " + std::to_string(got));
    return value.As<Napi::TypedArrayOf<T>>().Data();
  }

  const Napi::CallbackInfo& info_;
  const char* name_;
  size_t next_ = 0;
};

// The parts of the surface, each in napi/float-<part>.cc.
void registerFloatProducts(Napi::Env env, Napi::Object exports);
void registerFloatCurves(Napi::Env env, Napi::Object exports);
void registerFloatLayerNorm(Napi::Env env, Napi::Object exports);
void registerFloatAttention(Napi::Env env, Napi::Object exports);
void registerFloatRows(Napi::Env env, Napi::Object exports);
void registerFloatOptimizer(Napi::Env env, Napi::Object exports);

}  // namespace cipherprune
