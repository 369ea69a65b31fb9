// Key material. A secret is n words in -1, 0, 1. Halves `a` come from a public seed and are never sent; everything is in
// the transforms' private order, which all instruction sets share.
#pragma once
#include "context.h"
#include "sampler.h"

namespace cipherprune {

/** Public key: [2][limbs][n], halves b then a, b = -a·s + e. */
inline size_t publicKeyWords(const RlweContext& c) { return 2 * c.limbs * c.n; }
inline size_t publicKeyBytes(const RlweContext& c) { return c.limbs * packedBytes(c.n); }

/** Keys of packing by kIn, [prime][half b, half a][component][n], for all primes: the c-th encrypts P · s_c modulo the limbs that packing has and 0
 *  modulo the divisors, P the product of these, and s_c = sum of s[kIn·m + c] X^(kIn·m), the secret's component over powers of X^kIn. */
constexpr size_t packingKeyWords(const RlweContext& c) { return RlweContext::allPrimes * 2 * c.n; }
inline size_t packingKeyBytes(const RlweContext& c) { return RlweContext::allPrimes * packedBytes(c.n); }

/** The product of the divisors. */
uint32_t divisorModulo(const RlweContext& c, const Modulus& m);

/** The secret modulo one prime, transformed. */
void secretTransform(const int32_t* secret, const NttTable& table, uint32_t* out);

void makePublicKey(const RlweContext& c, const int32_t* secret, Seed publicSeed, Seed errorSeed, uint8_t* out);
/** Returns how many residues were invalid. */
size_t expandPublicKey(const RlweContext& c, Seed publicSeed, const uint8_t* bytes, uint32_t* out);

/** All kIn keys, one after the other, their halves b. */
void makePackingKeys(const RlweContext& c, const int32_t* secret, size_t kIn, Seed publicSeed, Seed errorSeed, uint8_t* out);
/** Returns how many residues were invalid. */
size_t expandPackingKeys(const RlweContext& c, size_t kIn, Seed publicSeed, const uint8_t* bytes, uint32_t* out);
/** The keys for kIn / 2 from those for kIn, since a component over powers of X^(kIn/2) is one over powers of X^kIn plus X^(kIn/2) times another. */
void halvePackingKeys(const RlweContext& c, size_t kIn, const uint32_t* keys, uint32_t* out);

}  // namespace cipherprune
