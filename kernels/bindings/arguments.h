// Checked arguments of kernel calls: every type, length and range is verified (TypeError or RangeError in JavaScript) before
// memory is touched. Arguments have positions or, where a call takes one object, names.
#pragma once
#include <initializer_list>
#include <string>

#include "call.h"

namespace cipherprune {

/** Elements of a typed array, valid during the call and its job. */
template <class T>
struct View {
  T* data;
  size_t length;
};

class Arguments {
 public:
  Arguments(const Call& call, const char* function) : call(call), function(function) {}

  View<uint64_t> words(Key key) const { return view<uint64_t>(key, ArrayKind::uint64, "BigUint64Array"); }
  View<uint32_t> uint32s(Key key) const { return view<uint32_t>(key, ArrayKind::uint32, "Uint32Array"); }
  View<uint8_t> bytes(Key key) const { return view<uint8_t>(key, ArrayKind::uint8, "Uint8Array"); }
  View<int32_t> int32s(Key key) const { return view<int32_t>(key, ArrayKind::int32, "Int32Array"); }
  View<int16_t> int16s(Key key) const { return view<int16_t>(key, ArrayKind::int16, "Int16Array"); }
  View<double> doubles(Key key) const { return view<double>(key, ArrayKind::float64, "Float64Array"); }
  View<float> floats(Key key) const { return view<float>(key, ArrayKind::float32, "Float32Array"); }

  /** True for a BigUint64Array: some arguments are words or narrower integers. */
  bool isWords(Key key) const {
    AnyArray array;
    return call.array(key, array) && array.kind == ArrayKind::uint64;
  }

  bool isAbsent(Key key) const { return call.isAbsent(key); }

  /** An integer from `least` to `most`, inclusive. */
  int64_t integer(Key key, int64_t least, int64_t most) const {
    const double value = number(key);
    if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) ||
        value != static_cast<double>(static_cast<int64_t>(value))) {
      call.throwRange(where(key) + "expected an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                      ", got " + std::to_string(value));
    }
    return static_cast<int64_t>(value);
  }

  /** A size that memory can have: addresses may be of 32 bits. */
  size_t size(Key key, int64_t least = 0, int64_t most = int64_t{1} << 40) const {
    constexpr int64_t addressable = sizeof(size_t) < 8 ? int64_t{UINT32_MAX} : INT64_MAX;
    return static_cast<size_t>(integer(key, least, most < addressable ? most : addressable));
  }
  /** Width of a ring. */
  int bits(Key key) const { return static_cast<int>(integer(key, 1, 64)); }

  double number(Key key) const {
    double value;
    if (!call.number(key, value)) wrongType(key, "a number");
    return value;
  }

  /** A boolean; false where it is left out. */
  bool flag(Key key) const {
    bool value = false;
    if (!call.isAbsent(key) && !call.flag(key, value)) wrongType(key, "a boolean");
    return value;
  }

  uint64_t bigint(Key key) const {
    uint64_t value;
    if (!call.bigint(key, value)) wrongType(key, "a bigint");
    return value;
  }

  void expectLength(Key key, size_t got, size_t expected) const {
    if (got != expected)
      call.throwRange(where(key) + "expected length " + std::to_string(expected) + ", got " + std::to_string(got));
  }

  /** A product of sizes that argument `key` holds as many elements of; products beyond any memory are refused. */
  size_t product(Key key, std::initializer_list<size_t> sizes) const {
    constexpr uint64_t most = uint64_t{1} << 48;
    uint64_t result = 1;
    for (const size_t size : sizes) {
      expect(size == 0 || result <= most / size, key, "a size below 2^48");
      result *= size;
    }
    expect(result <= SIZE_MAX, key, "a size that memory can hold");
    return static_cast<size_t>(result);
  }

  void expect(bool condition, Key key, const char* requirement) const {
    if (!condition) call.throwRange(where(key) + "expected " + requirement);
  }

  [[noreturn]] void wrongType(Key key, const std::string& expected) const {
    call.throwType(where(key) + "expected " + expected);
  }

 private:
  template <class T>
  View<T> view(Key key, ArrayKind expected, const char* name) const {
    AnyArray array;
    if (!call.array(key, array) || array.kind != expected) wrongType(key, name);
    return {static_cast<T*>(array.data), array.length};
  }

  std::string where(Key key) const {
    const std::string what = key.name ? std::string(key.name) : "argument " + std::to_string(key.index);
    return std::string(function) + ": " + what + " ";
  }

  const Call& call;
  const char* function;
};

}  // namespace cipherprune
