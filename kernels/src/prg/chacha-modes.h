// What prg.h computes in the suite `chacha`: everything is a part of ChaCha's stream under a block as its key. Included by each path.
#pragma once

#include "chacha.h"
#include "paths.h"

namespace cipherprune {
namespace {

template <int lanes>
struct ChaChaModes {
  using Batch = ChaChaBatch<lanes>;

  static void stream(const uint8_t* key, uint64_t number, uint8_t* out, size_t count) {
    Batch batch;
    for (size_t i = 0; i < count; i++) batch.add(key, number + i, 0, out + i * kChaChaBytes, kChaChaBytes);
  }

  static void row(Batch& batch, const uint8_t* key, uint64_t number, uint64_t nonce, uint8_t* out, size_t blocks) {
    for (size_t j = 0; j < blocks; j += 4)
      batch.add(key, number + j / 4, nonce, out + j * kBlockBytes, (blocks - j < 4 ? blocks - j : 4) * kBlockBytes);
  }

  static void rows(const uint8_t* keys, uint64_t number, uint64_t nonce, uint64_t step, uint8_t* out, size_t count,
                   size_t perKey) {
    Batch batch;
    for (size_t i = 0; i < count; i++)
      row(batch, keys + i * kBlockBytes, number, nonce + i * step, out + i * perKey * kBlockBytes, perKey);
  }

  /** A pair never lies in two batches, so that `in` may be one of the outputs. */
  static void pairs(const uint8_t* in, const uint8_t* delta, uint64_t nonce, uint8_t* zeros, uint8_t* ones, size_t count) {
    Batch batch;
    uint64_t difference[2], flipped[2];
    memcpy(difference, delta, kBlockBytes);
    for (size_t at = 0; at < count * kBlockBytes; at += kBlockBytes, nonce++) {
      memcpy(flipped, in + at, kBlockBytes);
      flipped[0] ^= difference[0];
      flipped[1] ^= difference[1];
      batch.add(in + at, 0, nonce, zeros + at, kBlockBytes);
      batch.add(reinterpret_cast<const uint8_t*>(flipped), 0, nonce, ones + at, kBlockBytes);
    }
  }

  /** From the last parent to the first: the children of a batch never cover a parent still to be read. */
  static void children(const uint8_t* parents, uint64_t nonce, uint8_t* out, size_t count) {
    Batch batch;
    for (size_t i = count; i-- > 0;) batch.add(parents + i * kBlockBytes, 0, nonce, out + 2 * i * kBlockBytes, 2 * kBlockBytes);
  }

  static void correlated(const uint8_t* parents, uint64_t nonce, uint8_t* children, size_t count) {
    uint64_t own[2 * lanes], left[2 * lanes];
    for (size_t end = count; end > 0;) {
      const size_t part = end < lanes ? end : lanes;
      end -= part;
      memcpy(own, parents + end * kBlockBytes, part * kBlockBytes);
      rows(reinterpret_cast<const uint8_t*>(own), 0, nonce, 0, reinterpret_cast<uint8_t*>(left), part, 1);
      for (size_t i = 0; i < part; i++) {
        const uint64_t both[4] = {left[2 * i], left[2 * i + 1], left[2 * i] ^ own[2 * i], left[2 * i + 1] ^ own[2 * i + 1]};
        memcpy(children + 2 * (end + i) * kBlockBytes, both, sizeof both);
      }
    }
  }

  static constexpr ChaChaPath path() { return {stream, rows, pairs, children, correlated}; }
};

}  // namespace
}  // namespace cipherprune
