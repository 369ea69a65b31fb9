// Which argument of a call, and what a typed array holds: shared by the bindings and the two ways into JavaScript.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

/** A position, or the name of a field of the one object that the call takes. */
struct Key {
  Key(size_t index) : index(index), name(nullptr) {}
  Key(int index) : index(static_cast<size_t>(index)), name(nullptr) {}
  Key(const char* name) : index(0), name(name) {}
  size_t index;
  const char* name;
};

enum class ArrayKind : uint32_t { uint8, int16, int32, uint32, float32, float64, uint64 };

struct AnyArray {
  ArrayKind kind;
  void* data;
  size_t length;
};

}  // namespace cipherprune
