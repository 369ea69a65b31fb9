// AES-128 as a pseudorandom generator and as a fixed-key permutation: the symmetric cryptography of every oblivious
// transfer. A block is 16 bytes at any alignment; buffers hold blocks back to back. Each function picks its path by
// activeIsa(): bitsliced portable C++ (no table, no secret-dependent branch or address), AES-NI, or VAES; all paths
// give the same bytes. Inputs and outputs may be the same buffer, but must not overlap otherwise.
//
// The hash is H(x, i) = pi(sigma(x) xor i) xor sigma(x), pi = AES-128 under a public key that changes with every kTweaksPerKey
// tweaks, sigma(l || r) = (l xor r) || l: Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block Ciphers"
// (IEEE S&P 2020), section 7.2, with the tweak added to the permutation's input. In the ideal-permutation model the
// values H(x[i] xor delta, i) are pseudorandom for a secret delta as long as sigma(x[i]) xor i does not repeat.
// Blocks of random correlated OTs and leaves of GGM trees are themselves pseudorandom, so a repetition has
// probability 2^-128 a pair. That is our only use: never hash blocks that an adversary chose. (For chosen inputs the
// paper's TMMO, pi(pi(x) xor i) xor pi(x), would be needed, at twice the cost.) As with all such hashing, q hashes of
// one delta under one key cost about log2(q) bits of security; with a key for each stretch of tweaks, q is bounded whatever a
// connection's life (the multi-instance setting of Guo, Katz, Wang, Weng, Yu, "Better Concrete Security for Half-Gates
// Garbling (in the Multi-instance Setting)", CRYPTO 2020).
#pragma once

#include <cstddef>
#include <cstdint>

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

/** out[i] = H(in[i], tweak + i). */
void hashBlocks(const uint8_t* in, uint8_t* out, size_t count, uint64_t tweak);

/** zeros[i] = H(in[i], tweak + i) and ones[i] = H(in[i] xor delta, tweak + i): both pads of COT i at its sender. */
void hashPairs(const uint8_t* in, const uint8_t* delta, uint8_t* zeros, uint8_t* ones, size_t count, uint64_t tweak);

/** out[i][j] = H(seeds[i], (tweak + i) || j) for j < blocksPerSeed, j in the upper 64 bits of the tweak: rows of any
 *  length from one block each. out [count, blocksPerSeed]; must not overlap seeds. */
void expandBlocks(const uint8_t* seeds, uint8_t* out, size_t count, size_t blocksPerSeed, uint64_t tweak);

/** One level of GGM trees: children[2i + b] = AES(key b, parents[i]) xor parents[i], keys `left` and `right`. Many trees
 *  grow at once: parents [trees, width] → children [trees, 2·width]. children may be parents itself (in place). */
void ggmDouble(const uint8_t* parents, uint8_t* children, size_t count);

/** One level of correlated GGM trees (Guo, Yang, Wang, Zhang, Xie, Liu, Zhao, "Half-Tree: Halving the Cost of Tree Expansion in
 *  COT and DPF", EUROCRYPT 2023): left child AES(key, sigma(x)) xor sigma(x), right child = x xor left child, so that
 *  children add up to their parent, at one AES a parent. Like ggmDouble, children may be parents itself. */
void correlatedDouble(const uint8_t* parents, uint8_t* children, size_t count);

}  // namespace cipherprune
