// One call from Node: its arguments, and how it fails.
#pragma once
#include <napi.h>

#include <string>

#include "bindings/key.h"

namespace cipherprune {

class Call {
 public:
  explicit Call(const Napi::CallbackInfo& info) : info(info) {}

  bool isAbsent(Key key) const {
    const Napi::Value value = at(key);
    return value.IsEmpty() || value.IsUndefined() || value.IsNull();
  }

  bool number(Key key, double& out) const {
    const Napi::Value value = at(key);
    if (value.IsEmpty() || !value.IsNumber()) return false;
    out = value.As<Napi::Number>().DoubleValue();
    return true;
  }

  bool flag(Key key, bool& out) const {
    const Napi::Value value = at(key);
    if (value.IsEmpty() || !value.IsBoolean()) return false;
    out = value.As<Napi::Boolean>().Value();
    return true;
  }

  bool bigint(Key key, uint64_t& out) const {
    const Napi::Value value = at(key);
    if (value.IsEmpty() || !value.IsBigInt()) return false;
    bool lossless;
    out = value.As<Napi::BigInt>().Uint64Value(&lossless);
    return true;
  }

  bool array(Key key, AnyArray& out) const {
    const Napi::Value value = at(key);
    if (value.IsEmpty() || !value.IsTypedArray()) return false;
    napi_typedarray_type type;
    if (napi_get_typedarray_info(info.Env(), value, &type, &out.length, &out.data, nullptr, nullptr) != napi_ok) return false;
    return kindOf(type, out.kind);
  }

  [[noreturn]] void throwType(const std::string& message) const { throw Napi::TypeError::New(info.Env(), message); }
  [[noreturn]] void throwRange(const std::string& message) const { throw Napi::RangeError::New(info.Env(), message); }

 private:
  Napi::Value at(Key key) const {
    if (!key.name) return key.index < info.Length() ? info[key.index] : Napi::Value();
    if (info.Length() == 0 || !info[0].IsObject()) return Napi::Value();
    return info[0].As<Napi::Object>().Get(key.name);
  }

  static bool kindOf(napi_typedarray_type type, ArrayKind& kind) {
    switch (type) {
      case napi_uint8_array: kind = ArrayKind::uint8; return true;
      case napi_int16_array: kind = ArrayKind::int16; return true;
      case napi_int32_array: kind = ArrayKind::int32; return true;
      case napi_uint32_array: kind = ArrayKind::uint32; return true;
      case napi_float32_array: kind = ArrayKind::float32; return true;
      case napi_float64_array: kind = ArrayKind::float64; return true;
      case napi_biguint64_array: kind = ArrayKind::uint64; return true;
      default: return false;
    }
  }

  const Napi::CallbackInfo& info;
};

}  // namespace cipherprune
