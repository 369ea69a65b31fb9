// Pseudorandom generators, correlation-robust hashing and steps of trees in two suites (suite.h): the symmetric cryptography of every
// oblivious transfer. A block is 16 bytes at any alignment; buffers hold blocks back to back. Each function picks its path by
// activeIsa(): bitsliced portable C++ (no table, no secret-dependent branch or address), AES-NI, or VAES; all paths
// give the same bytes. Inputs and outputs may be the same buffer, but must not overlap otherwise.
//
// Suite `aes`: AES-128 as a generator and as a permutation under public keys. The hash is H(x, i) = pi(sigma(x) xor i) xor sigma(x), pi = AES-128 under a public key that changes with every kTweaksPerKey
// tweaks, sigma(l || r) = (l xor r) || l: Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers"
// (IEEE S&P 2020), section 7.2, with the tweak added to the permutation's input. In the ideal-permutation model the
// values H(x[i] xor delta, i) are pseudorandom for a secret delta as long as sigma(x[i]) xor i does not repeat.
// Blocks of random correlated OTs and leaves of GGM trees are themselves pseudorandom, so a repetition has
// probability 2^-128 a pair. That is our only use: never hash blocks that an adversary chose. (For chosen inputs the
// paper's TMMO, pi(pi(x) xor i) xor pi(x), would be needed, at twice the cost.) As with all such hashing, q hashes of
// one delta under one key cost about log2(q) bits of security; with a key for each stretch of tweaks, q is bounded whatever a
// connection's life (the multi-instance setting of Guo, Katz, Wang, Weng, Yu, "Better Concrete Security for Half-Gates
// Garbling (in the Multi-instance Setting)", CRYPTO 2020).
//
// Suite `chacha`: everything is ChaCha8's stream (chacha.h) under a block as its key, cut where it has been used. The hash is
// H(x, i) = the first 16 bytes under key x and nonce i, rows of blocks go on from there; a generator has nonce 0, each step of a tree a nonce
// of its own. Where blocks are related by a secret delta this takes ChaCha's permutation for an ideal one, as with AES: a hash
// can be told from random only by asking for the permutation, or its inverse, at x xor delta, i and constants together. A question fits
// one i, so that guessing delta costs 2^128 however many hashes there are. For independent keys it is the usual assumption that
// the stream is pseudorandom. Eight rounds: "Too Much Crypto" (Aumasson, 2019) has the state of attacks, none on eight.
#pragma once

#include <cstddef>
#include <cstdint>

#include "suite.h"

namespace cipherprune {

constexpr size_t kBlockBytes = 16;

/** The eleven round keys of AES-128 in the byte order of FIPS 197. */
struct AesKey {
  alignas(64) uint8_t roundKeys[11 * kBlockBytes];
};

/** Tweaks (without their upper half) that share a key of the hash. */
constexpr uint64_t kTweaksPerKey = uint64_t{1} << 12;

/** The fixed public keys: that from which the keys of the hash come, the left and the right child of a GGM node, and correlated GGM trees. */
enum class FixedKey : int { hash = 0, left = 1, right = 2, correlated = 3 };
const AesKey& fixedAesKey(FixedKey which);

/** Expands a 16-byte key, in constant time. */
void aesSetKey(AesKey* key, const uint8_t* bytes);

/** out[i] = AES(key, in[i]). */
void aesEncrypt(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count);

/** Counter mode: block j of the stream is AES(key, firstBlock + j), the counter little-endian in 128 bits. */
void prgFill(const AesKey& key, uint64_t firstBlock, uint8_t* out, size_t byteLength);

/** A secret or public seed [16] of a generator, expanded as the suite needs it. */
struct PrgKey {
  PrgKey(Suite suite, const uint8_t* seed);
  Suite suite;
  AesKey aes;
  uint8_t seed[kBlockBytes];
};

/** The suite's stream from its block of 16 bytes `firstBlock` on. */
void prgFill(const PrgKey& key, uint64_t firstBlock, uint8_t* out, size_t byteLength);

/** out[i] = H(in[i], tweak + i). */
void hashBlocks(const uint8_t* in, uint8_t* out, size_t count, Tweak tweak);

/** zeros[i] = H(in[i], tweak + i) and ones[i] = H(in[i] xor delta, tweak + i): both pads of COT i at its sender. */
void hashPairs(const uint8_t* in, const uint8_t* delta, uint8_t* zeros, uint8_t* ones, size_t count, Tweak tweak);

/** out[i][j] = H(seeds[i], (tweak + i) || j) for j < blocksPerSeed, j in the upper 64 bits of the tweak: rows of any
 *  length from one block each. out [count, blocksPerSeed]; must not overlap seeds. */
void expandBlocks(const uint8_t* seeds, uint8_t* out, size_t count, size_t blocksPerSeed, Tweak tweak);

/** One level of GGM trees: children[2i + b] = AES(key b, parents[i]) xor parents[i], keys `left` and `right`, or the first two blocks of
 *  the parent's stream. Many trees
 *  grow at once: parents [trees, width] → children [trees, 2·width]. children may be parents itself (in place). */
void ggmDouble(Suite suite, const uint8_t* parents, uint8_t* children, size_t count);

/** One level of correlated GGM trees (Guo, Yang, Wang, Zhang, Xie, Liu, Zhao, "Half-Tree: Halving the Cost of Tree Expansion in
 *  COT and DPF", EUROCRYPT 2023): left child AES(key, sigma(x)) xor sigma(x), or the first block of the parent's stream, right child = x xor left child, so that
 *  children add up to their parent, at one call a parent. Like ggmDouble, children may be parents itself. */
void correlatedDouble(Suite suite, const uint8_t* parents, uint8_t* children, size_t count);

/** ChaCha8 by itself: children[2i] and children[2i + 1] are the first 32 bytes of the stream of parents[i]. */
void chaChaChildren(const uint8_t* parents, uint64_t nonce, uint8_t* children, size_t count);

/** out[i] = `blocks` blocks of 16 bytes from the stream of keys[i], from its block of 64 bytes `number` on. */
void chaChaRows(const uint8_t* keys, uint64_t number, uint64_t nonce, uint8_t* out, size_t count, size_t blocks);

}  // namespace cipherprune
