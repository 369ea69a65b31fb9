// Vectors of 128 bits in the compiler's own terms: SSE2, NEON and WebAssembly alike.
#pragma once
#include <cstdint>

namespace cipherprune {

typedef uint64_t Pair __attribute__((vector_size(16)));
typedef uint16_t Lanes16 __attribute__((vector_size(16)));
typedef uint8_t Lanes8 __attribute__((vector_size(16)));

/** The given lanes of a, and of b after them. */
template <int... lanes, class Vector>
inline Vector shuffled(Vector a, Vector b) {
#ifdef __clang__
  return __builtin_shufflevector(a, b, lanes...);
#else
  return __builtin_shuffle(a, b, Vector{lanes...});
#endif
}

}  // namespace cipherprune
