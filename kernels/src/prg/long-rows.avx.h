// Rows of at least half a chunk, one after another: where a block takes a nanosecond, laying out the tweaks of neighbouring rows
// side by side (modes.h) costs more than the places that the end of a row leaves empty.
#pragma once

#include "modes.h"

namespace cipherprune {
namespace {

template <class E>
struct LongRows {
  using Modes = PrgModes<E>;
  using Vector = typename E::Vector;

  static void chunk(const typename E::Keys& keys, Vector input, uint64_t tweak, uint64_t first, uint8_t* out) {
    Vector state[E::kBatch];
    for (int v = 0; v < E::kBatch; v++)
      state[v] = E::exclusiveOr(input, E::swapHalves(E::tweak(first + v * E::kLanes, tweak)));
    E::encrypt(state, keys);
    for (int v = 0; v < E::kBatch; v++) E::store(out + v * Modes::kVectorBytes, E::exclusiveOr(state[v], input));
  }

  static void row(const typename E::Keys& keys, const uint8_t* seed, uint8_t* out, size_t count, uint64_t tweak) {
    const Vector input = E::sigma(E::broadcast(seed));
    size_t j = 0;
    for (; j + Modes::kChunk <= count; j += Modes::kChunk) chunk(keys, input, tweak, j, out + j * kBlockBytes);
    if (j == count) return;
    alignas(64) uint8_t rest[Modes::kChunk * kBlockBytes];
    chunk(keys, input, tweak, j, rest);
    memcpy(out + j * kBlockBytes, rest, (count - j) * kBlockBytes);
  }

  static void expand(const AesKey& key, const uint8_t* seeds, uint8_t* out, size_t count, size_t perSeed,
                     uint64_t tweak) {
    if (2 * perSeed < Modes::kChunk) return Modes::expand(key, seeds, out, count, perSeed, tweak);
    const typename E::Keys keys = E::keys(key.roundKeys);
    for (size_t i = 0; i < count; i++)
      row(keys, seeds + i * kBlockBytes, out + i * perSeed * kBlockBytes, perSeed, tweak + i);
  }

  static constexpr PrgPath path() {
    PrgPath path = Modes::path();
    path.expand = expand;
    return path;
  }
};

}  // namespace
}  // namespace cipherprune
