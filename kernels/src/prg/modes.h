// What prg.h computes, written once over an engine that encrypts a batch of blocks in the registers of one instruction
// set. Included by each path inside an anonymous namespace. An engine has
//   Vector               some blocks side by side; kLanes of them
//   kBatch               vectors encrypted together, enough to hide the latency of a round
//   Keys, keys(roundKeys)  round keys in registers, from the 176 bytes of an AesKey
//   load, store, exclusiveOr, sigma, broadcast
//   tweak(low, high)     blocks (low + lane) || high
//   encrypt(Vector[kBatch], Keys)
//   storeInterleaved     left[lane], right[lane] alternating
#pragma once

#include <cstring>

#include "paths.h"

namespace cipherprune {
namespace {

template <class E>
struct PrgModes {
  using Vector = typename E::Vector;
  using Keys = typename E::Keys;
  static constexpr size_t kVectorBytes = E::kLanes * kBlockBytes;
  static constexpr size_t kChunk = E::kLanes * E::kBatch;

  static void encryptChunk(const Keys& keys, const uint8_t* in, uint8_t* out) {
    Vector state[E::kBatch];
    for (int v = 0; v < E::kBatch; v++) state[v] = E::load(in + v * kVectorBytes);
    E::encrypt(state, keys);
    for (int v = 0; v < E::kBatch; v++) E::store(out + v * kVectorBytes, state[v]);
  }

  static void encrypt(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count) {
    const Keys keys = E::keys(key.roundKeys);
    size_t i = 0;
    for (; i + kChunk <= count; i += kChunk) encryptChunk(keys, in + i * kBlockBytes, out + i * kBlockBytes);
    if (i == count) return;
    alignas(64) uint8_t rest[kChunk * kBlockBytes] = {};
    memcpy(rest, in + i * kBlockBytes, (count - i) * kBlockBytes);
    encryptChunk(keys, rest, rest);
    memcpy(out + i * kBlockBytes, rest, (count - i) * kBlockBytes);
  }

  static void counterChunk(const Keys& keys, uint64_t first, uint8_t* out) {
    Vector state[E::kBatch];
    for (int v = 0; v < E::kBatch; v++) state[v] = E::tweak(first + v * E::kLanes, 0);
    E::encrypt(state, keys);
    for (int v = 0; v < E::kBatch; v++) E::store(out + v * kVectorBytes, state[v]);
  }

  static void counter(const AesKey& key, uint64_t first, uint8_t* out, size_t count) {
    const Keys keys = E::keys(key.roundKeys);
    size_t i = 0;
    for (; i + kChunk <= count; i += kChunk) counterChunk(keys, first + i, out + i * kBlockBytes);
    if (i == count) return;
    alignas(64) uint8_t rest[kChunk * kBlockBytes];
    counterChunk(keys, first + i, rest);
    memcpy(out + i * kBlockBytes, rest, (count - i) * kBlockBytes);
  }

  /** sigma(x xor offset), tweaked, encrypted, xor sigma again. */
  static void hashChunk(const Keys& keys, const uint8_t* in, Vector offset, uint8_t* out, uint64_t tweak) {
    Vector input[E::kBatch], state[E::kBatch];
    for (int v = 0; v < E::kBatch; v++) {
      input[v] = E::sigma(E::exclusiveOr(E::load(in + v * kVectorBytes), offset));
      state[v] = E::exclusiveOr(input[v], E::tweak(tweak + v * E::kLanes, 0));
    }
    E::encrypt(state, keys);
    for (int v = 0; v < E::kBatch; v++) E::store(out + v * kVectorBytes, E::exclusiveOr(state[v], input[v]));
  }

  static void hash(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count, uint64_t tweak) {
    const Keys keys = E::keys(key.roundKeys);
    const Vector zero = E::zero();
    size_t i = 0;
    for (; i + kChunk <= count; i += kChunk)
      hashChunk(keys, in + i * kBlockBytes, zero, out + i * kBlockBytes, tweak + i);
    if (i == count) return;
    alignas(64) uint8_t rest[kChunk * kBlockBytes] = {};
    memcpy(rest, in + i * kBlockBytes, (count - i) * kBlockBytes);
    hashChunk(keys, rest, zero, rest, tweak + i);
    memcpy(out + i * kBlockBytes, rest, (count - i) * kBlockBytes);
  }

  static void hashPairs(const AesKey& key, const uint8_t* in, const uint8_t* delta, uint8_t* zeros, uint8_t* ones,
                        size_t count, uint64_t tweak) {
    const Keys keys = E::keys(key.roundKeys);
    const Vector zero = E::zero(), offset = E::broadcast(delta);
    alignas(64) uint8_t chunk[kChunk * kBlockBytes] = {};
    alignas(64) uint8_t rest[kChunk * kBlockBytes];
    for (size_t i = 0; i < count; i += kChunk) {
      const bool whole = i + kChunk <= count;
      const size_t bytes = (whole ? kChunk : count - i) * kBlockBytes;
      memcpy(chunk, in + i * kBlockBytes, bytes);  // `in` may be one of the outputs
      hashChunk(keys, chunk, zero, whole ? zeros + i * kBlockBytes : rest, tweak + i);
      if (!whole) memcpy(zeros + i * kBlockBytes, rest, bytes);
      hashChunk(keys, chunk, offset, whole ? ones + i * kBlockBytes : rest, tweak + i);
      if (!whole) memcpy(ones + i * kBlockBytes, rest, bytes);
    }
  }

  /** The next chunk of rows of `perSeed` blocks: block j of seed i is hashed with tweak (tweak + i) || j. */
  struct Rows {
    const uint8_t* seeds;
    size_t perSeed;
    uint64_t tweak;
    uint64_t j = 0;
    alignas(64) uint8_t inputs[kChunk * kBlockBytes] = {}, tweaks[kChunk * kBlockBytes] = {};

    void next(size_t blocks) {
      for (size_t b = 0; b < blocks; b++) {
        const uint64_t words[2] = {tweak, j};
        memcpy(inputs + b * kBlockBytes, seeds, kBlockBytes);
        memcpy(tweaks + b * kBlockBytes, words, kBlockBytes);
        if (++j < perSeed) continue;
        j = 0;
        seeds += kBlockBytes;
        tweak++;
      }
    }
  };

  static void expandChunk(const Keys& keys, const Rows& rows, uint8_t* out) {
    Vector input[E::kBatch], state[E::kBatch];
    for (int v = 0; v < E::kBatch; v++) {
      input[v] = E::sigma(E::load(rows.inputs + v * kVectorBytes));
      state[v] = E::exclusiveOr(input[v], E::load(rows.tweaks + v * kVectorBytes));
    }
    E::encrypt(state, keys);
    for (int v = 0; v < E::kBatch; v++) E::store(out + v * kVectorBytes, E::exclusiveOr(state[v], input[v]));
  }

  /** Chunks run over the ends of rows, so that short rows fill them too. */
  static void expand(const AesKey& key, const uint8_t* seeds, uint8_t* out, size_t count, size_t perSeed,
                     uint64_t tweak) {
    const Keys keys = E::keys(key.roundKeys);
    const size_t total = count * perSeed;
    Rows rows{seeds, perSeed, tweak};
    size_t i = 0;
    for (; i + kChunk <= total; i += kChunk) {
      rows.next(kChunk);
      expandChunk(keys, rows, out + i * kBlockBytes);
    }
    if (i == total) return;
    alignas(64) uint8_t rest[kChunk * kBlockBytes];
    rows.next(total - i);
    expandChunk(keys, rows, rest);
    memcpy(out + i * kBlockBytes, rest, (total - i) * kBlockBytes);
  }

  /** Both children of a chunk of parents under two keys. */
  struct GgmStep {
    Keys left = E::keys(fixedAesKey(FixedKey::left).roundKeys), right = E::keys(fixedAesKey(FixedKey::right).roundKeys);

    void operator()(const uint8_t* parents, uint8_t* children) const {
      Vector parent[E::kBatch], zeros[E::kBatch], ones[E::kBatch];
      for (int v = 0; v < E::kBatch; v++) zeros[v] = ones[v] = parent[v] = E::load(parents + v * kVectorBytes);
      E::encrypt(zeros, left);
      E::encrypt(ones, right);
      for (int v = 0; v < E::kBatch; v++)
        E::storeInterleaved(children + 2 * v * kVectorBytes, E::exclusiveOr(zeros[v], parent[v]),
                            E::exclusiveOr(ones[v], parent[v]));
    }
  };

  /** The left child is a hash of the parent, the right one the difference. */
  struct CorrelatedStep {
    Keys keys = E::keys(fixedAesKey(FixedKey::correlated).roundKeys);

    void operator()(const uint8_t* parents, uint8_t* children) const {
      Vector parent[E::kBatch], input[E::kBatch], state[E::kBatch];
      for (int v = 0; v < E::kBatch; v++) {
        parent[v] = E::load(parents + v * kVectorBytes);
        state[v] = input[v] = E::sigma(parent[v]);
      }
      E::encrypt(state, keys);
      for (int v = 0; v < E::kBatch; v++) {
        const Vector left = E::exclusiveOr(state[v], input[v]);
        E::storeInterleaved(children + 2 * v * kVectorBytes, left, E::exclusiveOr(left, parent[v]));
      }
    }
  };

  /** From the last parent to the first: the children of a chunk never cover a parent still to be read. */
  template <class Step>
  static void doubleNodes(const uint8_t* parents, uint8_t* children, size_t count) {
    const Step step;
    const size_t whole = count - count % kChunk;
    if (whole < count) {
      alignas(64) uint8_t in[kChunk * kBlockBytes] = {}, out[2 * kChunk * kBlockBytes];
      memcpy(in, parents + whole * kBlockBytes, (count - whole) * kBlockBytes);
      step(in, out);
      memcpy(children + 2 * whole * kBlockBytes, out, 2 * (count - whole) * kBlockBytes);
    }
    for (size_t i = whole; i > 0; i -= kChunk)
      step(parents + (i - kChunk) * kBlockBytes, children + 2 * (i - kChunk) * kBlockBytes);
  }

  static constexpr PrgPath path() { return {encrypt, counter, hash, hashPairs, expand, doubleNodes<GgmStep>, doubleNodes<CorrelatedStep>}; }
};

}  // namespace
}  // namespace cipherprune
