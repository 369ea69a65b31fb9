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

/** Of ciphertexts. Half a follows from a public seed. */
struct Halves {
  bool a, b;
};

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

/** What evaluatePacked makes: both halves in one call, or half a, which neither inputs nor mask are needed for, and later half b. */
struct Answer {
  Halves halves;
  /** keptWords(), where the halves are made apart: half a writes it, half b reads it. */
  uint32_t* kept;
  /** The halves, a before b. */
  uint8_t* out;
  /** So many bytes of `out` are ready, from the front, for who reads it from another thread. */
  int32_t* ready;
};

/** Multiplies, packs, subtracts mask [batch, rows, outputs] (words modulo 2^ringBits), floods with uniform noise of
 *  floodBits bits and sign, and switches down. Halves made apart, under equal seeds, are those of one call. Returns how many received
 *  residues were invalid (then the answer is not valid). */
size_t evaluatePacked(const RlweContext& context, const PackedLayout& layout, EvaluationKeys keys, const uint8_t* inputs,
                      Seed publicSeed, const PackedWeights& weights, const uint64_t* mask, Strides maskStrides,
                      int floodBits, Seed secretSeed, size_t threads, const Answer& answer);

/** The client's share of the result, out [batch, rows, outputs]. Returns how many residues were invalid. With `noise`,
 *  also the largest distance of a phase to what it was rounded to, in units of 2^-64 of the modulus. */
size_t decryptPacked(const RlweContext& context, const PackedLayout& layout, const int32_t* secret, const uint8_t* bytes,
                     size_t threads, uint64_t* out, Strides strides, uint64_t* noise);

}  // namespace cipherprune
