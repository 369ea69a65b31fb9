// Row expansion with AES-NI: 64 bytes (four blocks) of the chunk at a time.
#include <immintrin.h>

#include "seed-matrix.h"

namespace cipherprune {

namespace {

constexpr size_t kBlocks = 4;

inline __m128i load(const uint8_t* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }
inline void store(uint8_t* bytes, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), value); }

template <unsigned laneBits>
inline __m128i addLanes(__m128i a, __m128i b) {
  return laneBits == 64 ? _mm_add_epi64(a, b) : _mm_add_epi32(a, b);
}

template <unsigned laneBits>
inline void accumulateSpan(const __m128i* middle, const __m128i* whiten, const __m128i* last, const uint8_t* seeds,
                           size_t begin, size_t end, size_t stride, uint8_t* columns, __m128i* rowSum) {
  for (size_t j = begin; j < end; j++) {
    const __m128i seed = load(seeds + 16 * j);
    __m128i state[kBlocks];
    for (size_t b = 0; b < kBlocks; b++) state[b] = _mm_xor_si128(seed, whiten[b]);
    for (int round = 0; round < 9; round++)
      for (size_t b = 0; b < kBlocks; b++) state[b] = _mm_aesenc_si128(state[b], middle[round]);
    uint8_t* column = columns + j * stride;
    for (size_t b = 0; b < kBlocks; b++) {
      const __m128i value = _mm_aesenclast_si128(state[b], _mm_xor_si128(seed, last[b]));
      rowSum[b] = addLanes<laneBits>(rowSum[b], value);
      store(column + 16 * b, addLanes<laneBits>(load(column + 16 * b), value));
    }
  }
}

template <unsigned laneBits>
void accumulate(const ChunkTask& task, size_t offset) {
  __m128i middle[9];
  for (int round = 0; round < 9; round++) middle[round] = load(task.roundKeys + 16 * (round + 1));
  __m128i whiten[kBlocks];
  __m128i last[kBlocks];
  for (size_t b = 0; b < kBlocks; b++) {
    const __m128i counter = _mm_set_epi64x(0, static_cast<long long>(task.firstBlock + offset / 16 + b));
    whiten[b] = _mm_xor_si128(counter, load(task.roundKeys));
    last[b] = _mm_xor_si128(counter, load(task.roundKeys + 160));
  }
  for (size_t i = 0; i < task.n; i++) {
    const uint8_t* seeds = task.seeds + 16 * task.n * i;
    __m128i rowSum[kBlocks] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    const size_t gap = task.skip ? task.skip[i] : task.n;
    uint8_t* columns = task.columns + offset;
    accumulateSpan<laneBits>(middle, whiten, last, seeds, 0, gap, task.bytes, columns, rowSum);
    accumulateSpan<laneBits>(middle, whiten, last, seeds, gap + 1, task.n, task.bytes, columns, rowSum);
    for (size_t b = 0; b < kBlocks; b++) store(task.rows + i * task.bytes + offset + 16 * b, rowSum[b]);
  }
}

}  // namespace

void accumulateChunkAvx2(const ChunkTask& task) {
  for (size_t offset = 0; offset < task.bytes; offset += 16 * kBlocks)
    if (task.laneBits == 64)
      accumulate<64>(task, offset);
    else
      accumulate<32>(task, offset);
}

}  // namespace cipherprune
