#include "encoder-loops.inl"

namespace cipherprune::float32 {
EncoderLoops avx2EncoderLoops() { return loopsOfThisFile(); }
}  // namespace cipherprune::float32
