// Row expansion with VAES: four vectors of four blocks each for one seed, summed into both directions at once.
#include <immintrin.h>

#include "seed-matrix.h"

namespace cipherprune {

namespace {

struct Keys {
  __m512i middle[9];
};

inline __m512i broadcast(const uint8_t* block) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block)));
}

template <unsigned laneBits>
inline __m512i addLanes(__m512i a, __m512i b) {
  return laneBits == 64 ? _mm512_add_epi64(a, b) : _mm512_add_epi32(a, b);
}

/** Counters of four consecutive blocks, each in the low half of its block. */
inline __m512i counters(uint64_t first) {
  return _mm512_set_epi64(0, static_cast<long long>(first + 3), 0, static_cast<long long>(first + 2), 0,
                          static_cast<long long>(first + 1), 0, static_cast<long long>(first));
}

template <unsigned laneBits, size_t vectors>
inline void accumulateSpan(const Keys& keys, const __m512i* whiten, const __m512i* last, const uint8_t* seeds,
                           size_t begin, size_t end, uint8_t* columns, __m512i* rowSum) {
  for (size_t j = begin; j < end; j++) {
    const __m512i seed = broadcast(seeds + 16 * j);
    __m512i state[vectors];
    for (size_t v = 0; v < vectors; v++) state[v] = _mm512_xor_si512(seed, whiten[v]);
    for (int round = 0; round < 9; round++)
      for (size_t v = 0; v < vectors; v++) state[v] = _mm512_aesenc_epi128(state[v], keys.middle[round]);
    uint8_t* column = columns + j * (64 * vectors);
    for (size_t v = 0; v < vectors; v++) {
      const __m512i value = _mm512_aesenclast_epi128(state[v], _mm512_xor_si512(seed, last[v]));
      rowSum[v] = addLanes<laneBits>(rowSum[v], value);
      _mm512_storeu_si512(column + 64 * v, addLanes<laneBits>(_mm512_loadu_si512(column + 64 * v), value));
    }
  }
}

template <unsigned laneBits, size_t vectors>
void accumulate(const ChunkTask& task) {
  Keys keys;
  for (int round = 0; round < 9; round++) keys.middle[round] = broadcast(task.roundKeys + 16 * (round + 1));
  const __m512i firstKey = broadcast(task.roundKeys);
  const __m512i lastKey = broadcast(task.roundKeys + 160);
  __m512i whiten[vectors];
  __m512i last[vectors];
  for (size_t v = 0; v < vectors; v++) {
    const __m512i counter = counters(task.firstBlock + 4 * v);
    whiten[v] = _mm512_xor_si512(counter, firstKey);
    last[v] = _mm512_xor_si512(counter, lastKey);
  }
  for (size_t i = 0; i < task.n; i++) {
    const uint8_t* seeds = task.seeds + 16 * task.n * i;
    __m512i rowSum[vectors];
    for (size_t v = 0; v < vectors; v++) rowSum[v] = _mm512_setzero_si512();
    const size_t gap = task.skip ? task.skip[i] : task.n;
    accumulateSpan<laneBits, vectors>(keys, whiten, last, seeds, 0, gap, task.columns, rowSum);
    accumulateSpan<laneBits, vectors>(keys, whiten, last, seeds, gap + 1, task.n, task.columns, rowSum);
    for (size_t v = 0; v < vectors; v++) _mm512_storeu_si512(task.rows + (i * vectors + v) * 64, rowSum[v]);
  }
}

template <unsigned laneBits>
void dispatch(const ChunkTask& task) {
  switch (task.bytes / 64) {
    case 1: return accumulate<laneBits, 1>(task);
    case 2: return accumulate<laneBits, 2>(task);
    case 3: return accumulate<laneBits, 3>(task);
    default: return accumulate<laneBits, 4>(task);
  }
}

}  // namespace

void accumulateChunkAvx512(const ChunkTask& task) {
  if (task.laneBits == 64)
    dispatch<64>(task);
  else
    dispatch<32>(task);
}

}  // namespace cipherprune
