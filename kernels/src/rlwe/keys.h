// Key material. A secret is n words in -1, 0, 1. Halves `a` come from a public seed and are never sent; everything is in
// the transforms' private order, which all instruction sets share.
#pragma once
#include "context.h"
#include "sampler.h"

namespace cipherprune {

/** Public key: [2][limbs][n], halves b then a, b = -a·s + e. */
inline size_t publicKeyWords(const RlweContext& c) { return 2 * c.limbs * c.n; }
inline size_t publicKeyBytes(const RlweContext& c) { return c.limbs * packedBytes(c.n); }

/** Switching key of one automorphism: [limbs + 1 primes][half b, half a][digit][n]. Digit i is what is left of an element
 *  modulo prime i; its row encrypts P · s(X^g) modulo prime i and 0 modulo the others, P the special prime. */
inline size_t galoisKeyWords(const RlweContext& c) { return (c.limbs + 1) * 2 * c.limbs * c.n; }
inline size_t galoisKeyBytes(const RlweContext& c) { return (c.limbs + 1) * c.limbs * packedBytes(c.n); }

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
