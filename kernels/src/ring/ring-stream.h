// Words of a generator's stream, eight bytes each, made where they are used: a block at a time, which stays in the cache.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "src/prg/prg.h"

namespace cipherprune {

/** Where a generator's words begin: at a block of its stream. */
struct StreamPlace {
  const PrgKey& key;
  uint64_t firstBlock;
};

/** The stream's words modulo 2^bits. */
void streamWords(const StreamPlace& place, size_t count, int bits, uint64_t* out);

/** x - the stream's words modulo 2^bits, packed (ringPack). */
void streamHide(const uint64_t* x, const StreamPlace& place, size_t count, int bits, uint8_t* out);

/**
 * Words `first` to first + count of a matrix [k, m] that is kept panel by panel, [m / panel columns][k][panel columns], the last one as wide
 * as is left (ringPanelColumns of ring-isa.h): where they lie, or made in `panel`. `first` is even.
 */
using RingPanels = std::function<const uint64_t*(size_t first, size_t count, uint64_t* panel)>;

/** x [n, k] · w [k, m] → [n, m], w panel by panel; with `adds`, added to out. */
void ringMatmulPanels(const uint64_t* x, const RingPanels& w, size_t n, size_t k, size_t m, int bits, bool adds, uint64_t* out);

/** The same, the words of w from the stream. */
void streamMatmul(const uint64_t* x, const StreamPlace& place, size_t n, size_t k, size_t m, int bits, bool adds, uint64_t* out);

}  // namespace cipherprune
