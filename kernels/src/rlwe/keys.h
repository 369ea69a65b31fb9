// Key material. A secret is n words in -1, 0, 1. Halves `a` come from a public seed and are never sent; everything is in
// the transforms' private order, which all instruction sets share.
#pragma once
#include "context.h"
#include "sampler.h"

namespace cipherprune {

/** Public key: [2][limbs][n], halves b then a, b = -a·s + e. */
inline size_t publicKeyWords(const RlweContext& c) { return 2 * c.limbs * c.n; }
inline size_t publicKeyBytes(const RlweContext& c) { return c.limbs * packedBytes(c.n); }

/** A digit of an element is what is left of it modulo two neighbouring limbs, or modulo the last alone. */
constexpr size_t digitLimbs = 2;
constexpr size_t digitsOf(size_t limbs) { return (limbs + digitLimbs - 1) / digitLimbs; }

/** Switching key of one automorphism: [limbs and special primes][half b, half a][digit][n]. A digit's row encrypts P · s(X^g) modulo its
 *  limbs and 0 modulo the others, P the product of the special primes. */
inline size_t galoisKeyPrimes(const RlweContext& c) { return c.limbs + RlweContext::specials; }
inline size_t galoisKeyWords(const RlweContext& c) { return galoisKeyPrimes(c) * 2 * digitsOf(c.limbs) * c.n; }
inline size_t galoisKeyBytes(const RlweContext& c) { return galoisKeyPrimes(c) * digitsOf(c.limbs) * packedBytes(c.n); }

/** The secret modulo one prime, transformed. */
void secretTransform(const int32_t* secret, const NttTable& table, uint32_t* out);

void makePublicKey(const RlweContext& c, const int32_t* secret, Seed publicSeed, Seed errorSeed, uint8_t* out);
/** Returns how many residues were invalid. */
size_t expandPublicKey(const RlweContext& c, Seed publicSeed, const uint8_t* bytes, uint32_t* out);

/** Keys of the automorphisms 1 + n/step for step = 2^0 ... 2^(count - 1). */
void makeGaloisKeys(const RlweContext& c, const int32_t* secret, size_t count, Seed publicSeed,
                    Seed errorSeed, uint8_t* out);
size_t expandGaloisKeys(const RlweContext& c, size_t count, Seed publicSeed, const uint8_t* bytes, uint32_t* out);

}  // namespace cipherprune
