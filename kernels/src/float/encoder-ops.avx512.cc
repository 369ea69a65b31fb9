#include "encoder-loops.inl"

namespace cipherprune::float32 {
EncoderLoops avx512EncoderLoops() { return loopsOfThisFile(); }
}  // namespace cipherprune::float32
