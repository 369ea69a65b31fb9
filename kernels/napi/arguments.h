// Checked arguments of native functions: every type, length and range is verified (TypeError or RangeError) before memory is
// touched.
#pragma once
#include <napi.h>

#include <initializer_list>
#include <string>

namespace cipherprune {

/** Elements of a typed array: a view of JavaScript's memory, valid during the call. */
template <class T>
struct View {
  T* data;
  size_t length;
};

class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* function) : info(info), function(function) {}

  View<uint64_t> words(size_t index) const { return view<uint64_t>(index, napi_biguint64_array, "BigUint64Array"); }
  View<uint32_t> uint32s(size_t index) const { return view<uint32_t>(index, napi_uint32_array, "Uint32Array"); }
  View<uint8_t> bytes(size_t index) const { return view<uint8_t>(index, napi_uint8_array, "Uint8Array"); }
  View<int32_t> int32s(size_t index) const { return view<int32_t>(index, napi_int32_array, "Int32Array"); }
  View<int16_t> int16s(size_t index) const { return view<int16_t>(index, napi_int16_array, "Int16Array"); }
  View<double> doubles(size_t index) const { return view<double>(index, napi_float64_array, "Float64Array"); }

  /** An integer from `least` to `most`, inclusive. */
  int64_t integer(size_t index, int64_t least, int64_t most) const {
    const double value = number(index);
    if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) ||
        value != static_cast<double>(static_cast<int64_t>(value))) {
      throw Napi::RangeError::New(info.Env(), where(index) + "expected an integer from " + std::to_string(least) +
                                                  " to " + std::to_string(most) + ", got " + std::to_string(value));
    }
    return static_cast<int64_t>(value);
  }

  size_t size(size_t index) const { return static_cast<size_t>(integer(index, 0, int64_t{1} << 40)); }
  /** Width of a ring. */
  int bits(size_t index) const { return static_cast<int>(integer(index, 1, 64)); }

  double number(size_t index) const {
    if (index >= info.Length() || !info[index].IsNumber()) throw wrongType(index, "a number");
    return info[index].As<Napi::Number>().DoubleValue();
  }

  uint64_t bigint(size_t index) const {
    if (index >= info.Length() || !info[index].IsBigInt()) throw wrongType(index, "a bigint");
    bool lossless = false;
    return info[index].As<Napi::BigInt>().Uint64Value(&lossless);
  }

  void expectLength(size_t index, size_t got, size_t expected) const {
    if (got != expected) {
      throw Napi::RangeError::New(
          info.Env(), where(index) + "expected length " + std::to_string(expected) + ", got " + std::to_string(got));
    }
  }

  /** A product of sizes that argument `index` holds as many elements of; products beyond any memory are refused. */
  size_t product(size_t index, std::initializer_list<size_t> sizes) const {
    constexpr size_t most = size_t{1} << 48;
    size_t result = 1;
    for (const size_t size : sizes) {
      expect(size == 0 || result <= most / size, index, "a size below 2^48");
      result *= size;
    }
    return result;
  }

  void expect(bool condition, size_t index, const char* requirement) const {
    if (!condition) throw Napi::RangeError::New(info.Env(), where(index) + "expected " + requirement);
  }

 private:
  template <class T>
  View<T> view(size_t index, napi_typedarray_type expected, const char* name) const {
    if (index >= info.Length() || !info[index].IsTypedArray()) throw wrongType(index, name);
    napi_typedarray_type type;
    size_t length;
    void* data;
    const napi_status status = napi_get_typedarray_info(info.Env(), info[index], &type, &length, &data, nullptr, nullptr);
    if (status != napi_ok || type != expected) throw wrongType(index, name);
    return {static_cast<T*>(data), length};
  }

  std::string where(size_t index) const { return std::string(function) + ": argument " + std::to_string(index) + " "; }

  Napi::Error wrongType(size_t index, const char* name) const {
    return Napi::TypeError::New(info.Env(), where(index) + "expected " + name);
  }

  const Napi::CallbackInfo& info;
  const char* function;
};

/** Exports a function of checked arguments under `name`. */
template <void (*body)(const Arguments&)>
void exportVoid(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New(
                        env,
                        [](const Napi::CallbackInfo& info) { body(Arguments(info, static_cast<const char*>(info.Data()))); },
                        name, const_cast<char*>(name)));
}

template <double (*body)(const Arguments&)>
void exportNumber(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New(
                        env,
                        [](const Napi::CallbackInfo& info) -> Napi::Value {
                          return Napi::Number::New(info.Env(), body(Arguments(info, static_cast<const char*>(info.Data()))));
                        },
                        name, const_cast<char*>(name)));
}

}  // namespace cipherprune
