// One call from JavaScript into WebAssembly: kernels/wasm/instance.ts copies the arguments into memory in this form.
#pragma once
#include <cstring>
#include <string>

#include "bindings/key.h"

namespace cipherprune {

[[noreturn]] void failInJavaScript(bool ofRange, const std::string& message);

struct Argument {
  enum Type : uint32_t { absent, number, flag, bigint, array };
  uint32_t type;
  ArrayKind kind;
  uint32_t data;
  uint32_t length;
  union {
    double real;
    uint64_t word;
  };
  /** Of a field of the one object that the call takes; null for a position. */
  const char* name;
  uint32_t unused;
};
static_assert(sizeof(Argument) == 32);

class Call {
 public:
  Call(const Argument* arguments, size_t count) : arguments(arguments), count(count) {}

  bool isAbsent(Key key) const {
    const Argument* argument = find(key);
    return !argument || argument->type == Argument::absent;
  }

  bool number(Key key, double& out) const {
    const Argument* argument = find(key);
    if (!argument || argument->type != Argument::number) return false;
    out = argument->real;
    return true;
  }

  bool flag(Key key, bool& out) const {
    const Argument* argument = find(key);
    if (!argument || argument->type != Argument::flag) return false;
    out = argument->real != 0;
    return true;
  }

  bool bigint(Key key, uint64_t& out) const {
    const Argument* argument = find(key);
    if (!argument || argument->type != Argument::bigint) return false;
    out = argument->word;
    return true;
  }

  bool array(Key key, AnyArray& out) const {
    const Argument* argument = find(key);
    if (!argument || argument->type != Argument::array) return false;
    out = {argument->kind, reinterpret_cast<void*>(argument->data), argument->length};
    return true;
  }

  [[noreturn]] void throwType(const std::string& message) const { failInJavaScript(false, message); }
  [[noreturn]] void throwRange(const std::string& message) const { failInJavaScript(true, message); }

 private:
  const Argument* find(Key key) const {
    if (!key.name) return key.index < count && !arguments[key.index].name ? arguments + key.index : nullptr;
    for (size_t i = 0; i < count; i++)
      if (arguments[i].name && std::strcmp(arguments[i].name, key.name) == 0) return arguments + i;
    return nullptr;
  }

  const Argument* arguments;
  size_t count;
};

}  // namespace cipherprune
