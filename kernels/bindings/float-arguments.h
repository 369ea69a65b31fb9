// The one object that a float kernel takes, read by name: types, lengths and products of sizes are checked before any memory
// is touched.
#pragma once
#include <initializer_list>
#include <string>

#include "binding.h"
#include "src/float/curve.h"

namespace cipherprune {

class FloatArguments {
 public:
  FloatArguments(const Call& call, const char* function) : call(call), function(function) {}

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
    double value;
    if (!call.number(what, value)) fail(what, "a number");
    return value;
  }

  /** False where it is left out. */
  bool flag(const char* what) {
    bool value = false;
    if (!call.isAbsent(what) && !call.flag(what, value)) fail(what, "a boolean");
    return value;
  }

  float* floats(const char* what, int64_t length) {
    return typed<float>(what, length, ArrayKind::float32, "a Float32Array");
  }

  float* optionalFloats(const char* what, int64_t length) { return call.isAbsent(what) ? nullptr : floats(what, length); }

  /** A Float32Array of any length, told through `length`. */
  float* anyFloats(const char* what, int64_t& length) {
    return any<float>(what, length, ArrayKind::float32, "a Float32Array");
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
    return any<int32_t>(what, length, ArrayKind::int32, "an Int32Array");
  }

  /** Row numbers before the table that they point into is known. */
  const int32_t* uncheckedRows(const char* what, int64_t length) {
    return typed<int32_t>(what, length, ArrayKind::int32, "an Int32Array");
  }

  void checkRows(const char* what, const int32_t* data, int64_t length, int64_t limit) {
    for (int64_t i = 0; i < length; i++)
      if (data[i] < 0 || data[i] >= limit) fail(what, "row numbers below " + std::to_string(limit));
  }

  float32::Curve curve(const char* what) {
    int64_t length;
    const double* data = any<double>(what, length, ArrayKind::float64, "a Float64Array");
    if (length < 4 || data[0] < 0 || data[0] > 4) fail(what, "a curve");
    float32::Curve curve = {};
    curve.kind = static_cast<float32::CurveKind>(static_cast<int>(data[0]));
    if (curve.kind != float32::CurveKind::polynomial) return curve;
    if (!(data[1] >= 0 && data[1] <= 16 && data[2] >= 1 && data[2] <= float32::kMostSegments && data[3] >= 0 &&
          data[3] <= float32::kMostDegree))
      fail(what, "a curve of at most 16 segments and degree 12");
    curve.squarings = static_cast<int>(data[1]);
    curve.segments = static_cast<int>(data[2]);
    curve.degree = static_cast<int>(data[3]);
    if (length != 4 + static_cast<int64_t>(curve.segments - 1 + curve.segments * (curve.degree + 1)))
      fail(what, "as many numbers as its head says");
    const double* rest = data + 4;
    for (int s = 0; s + 1 < curve.segments; s++) curve.bounds[s] = static_cast<float>(*rest++);
    for (int s = 0; s < curve.segments; s++)
      for (int d = 0; d <= curve.degree; d++) curve.coefficients[s][d] = static_cast<float>(*rest++);
    return curve;
  }

  [[noreturn]] void fail(const char* what, const std::string& expected) {
    call.throwType(std::string(function) + ": " + what + ": expected " + expected);
  }

 private:
  static constexpr int64_t kMostNumbers = 9007199254740991;

  template <typename T>
  T* any(const char* what, int64_t& length, ArrayKind kind, const char* name) {
    AnyArray array;
    if (!call.array(what, array) || array.kind != kind) fail(what, name);
    length = static_cast<int64_t>(array.length);
    return static_cast<T*>(array.data);
  }

  template <typename T>
  T* typed(const char* what, int64_t length, ArrayKind kind, const char* name) {
    int64_t got;
    T* data = any<T>(what, got, kind, name);
    if (got != length)
      fail(what, std::string(name) + " of length " + std::to_string(length) + ", got " + std::to_string(got));
    return data;
  }

  const Call& call;
  const char* function;
};

// The parts of the surface, each in bindings/float-<part>.cc.
void addFloatProducts(Bindings& bindings);
void addFloatCurves(Bindings& bindings);
void addFloatLayerNorm(Bindings& bindings);
void addFloatAttention(Bindings& bindings);
void addFloatRows(Bindings& bindings);
void addFloatOptimizer(Bindings& bindings);

}  // namespace cipherprune
