// Work on the items of an array, cut into parts for several threads. Parts begin at multiples of 64 items, where messages of bits have whole
// bytes, and results are the same bits however many there are.
#pragma once
#include <algorithm>
#include <cstddef>

#include "parallel.h"

namespace cipherprune {

/**
 * Blocks that a part hashes, at least 100 µs with what is made of them: waking a thread takes some 20, and a call of 2^15 COTs of a block each,
 * which AVX-512 does in 55 to 90 µs, is no faster on two.
 */
constexpr size_t kPartBlocks = size_t{1} << 15;
constexpr size_t kPartItems = 64;

/** Calls body(begin, end) for ranges that together are 0 to `items`, on any thread; `blocksEach`: what an item hashes. */
template <typename Body>
void splitItems(size_t items, size_t blocksEach, const Body& body) {
  const size_t each = std::max(kPartItems, kPartBlocks / std::max<size_t>(blocksEach, 1) / kPartItems * kPartItems);
  const auto part = [&](int64_t index) {
    const size_t begin = static_cast<size_t>(index) * each;
    body(begin, std::min(items, begin + each));
  };
  // One part that is a bit longer is not worth a second one.
  if (items <= each + each / 2)
    body(size_t{0}, items);
  else
    parallelFor(static_cast<int64_t>((items + each - 1) / each), part);
}

}  // namespace cipherprune
