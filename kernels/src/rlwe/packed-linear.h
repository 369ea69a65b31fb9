// Products of a client's encrypted rows with a server's matrix, results shared (BumbleBee, NDSS 2025, section IV, packs
// the same way with its tokens elsewhere; here tokens are powers of Y = X^(n/m), see packed-layout.h). Every function runs
// on up to `threads` threads.
#pragma once
#include "keys.h"
#include "packed-layout.h"
#include "sampler.h"

namespace cipherprune {

/** Encrypts the client's share x [batch, rows, inputs] (words modulo 2^ringBits). Halves a come from publicSeed; out:
 *  inputBytes(), for each ciphertext and limb the b half. */
void encryptPacked(const RlweContext& context, const PackedLayout& layout, const int32_t* secret, const uint64_t* x,
                   Strides strides, Seed publicSeed, Seed errorSeed, size_t threads, uint8_t* out);

/** The server's matrices [batch, inputs, outputs]: 16-bit integers, or words modulo 2^bits (<= 32) read as signed. */
struct PackedWeights {
  const int16_t* narrow;
  const uint64_t* words;
  int bits;
  Strides strides;

  int32_t at(size_t index) const {
    if (narrow) return narrow[index];
    return static_cast<int32_t>(static_cast<int64_t>(words[index] << (64 - bits)) >> (64 - bits));
  }
};

struct EvaluationKeys {
  const uint32_t* publicKey;
  /** For the layout's kIn, and for that of the last group; none for 1. */
  const uint32_t *packingKeys, *lastPackingKeys;
};

/** Multiplies, packs, subtracts mask [batch, rows, outputs] (words modulo 2^ringBits), floods with uniform noise of
 *  floodBits bits and sign, and switches down. Returns how many received residues were invalid (then out is not valid). How many
 *  bytes of `out` are ready is said in *ready as they become so, for who reads it from another thread. */
size_t evaluatePacked(const RlweContext& context, const PackedLayout& layout, EvaluationKeys keys, const uint8_t* inputs,
                      Seed publicSeed, const PackedWeights& weights, const uint64_t* mask, Strides maskStrides,
                      int floodBits, Seed secretSeed, size_t threads, uint8_t* out, int32_t* ready);

/** The client's share of the result, out [batch, rows, outputs]. Returns how many residues were invalid. With `noise`,
 *  also the largest distance of a phase to what it was rounded to, in units of 2^-64 of the modulus. */
size_t decryptPacked(const RlweContext& context, const PackedLayout& layout, const int32_t* secret, const uint8_t* bytes,
                     size_t threads, uint64_t* out, Strides strides, uint64_t* noise);

}  // namespace cipherprune
