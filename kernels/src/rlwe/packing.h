// Packing of many ciphertexts into one by a single key switch. The wanted messages of a product lie at exponents kIn·m + kIn - 1. Over powers of
// X^kIn a half a has kIn components a_j = sum of a[kIn·m + j] X^(kIn·m), and what is wanted of a·s is the sum over j of a_j · s_(kIn-1-j): a product of
// vectors, as in learning with errors over the smaller ring. Of kIn products the t-th goes to exponents kIn·m + t, so that the components
// interleave: A_j = sum over t of X^t · a_j of the t-th, and sum over j of A_j · s_(kIn-1-j) is switched to the key s
// (as LWE ciphertexts are packed: Chillotti, Gama, Georgieva, Izabachène, TFHE, J. Cryptology 2020, section 4.1; over rings: Chen, Dai, Kim, Song,
// ACNS 2021). All kIn switches are added up before one division by P and one transform back (hybrid key switching: Gentry, Halevi, Smart, CRYPTO 2012,
// section 3.1), with one digit, the element modulo all its limbs, and divisors of as many primes.
#pragma once
#include "keys.h"
#include "packed-layout.h"

namespace cipherprune {

/** Products that become one ciphertext. [limb][n] halves b, the t-th product's m-th wanted coefficient at kIn·m + t; then [limb][c][n], the components
 *  A_(kIn-1-c), each limb times weights(limbs)[limb]. All zero where there are fewer products. The result comes to the beginning, half a behind half b. */
struct PackingGroup {
  uint32_t* words;
};

/** Of the first `limbs` limbs: what turns an element into the digits by which it is put together modulo other primes, the inverses of Q / p modulo p. */
std::vector<uint32_t> componentWeights(const RlweContext& context, size_t limbs);

class Packer {
 public:
  /** keys of packing by kIn. */
  Packer(const RlweContext& context, size_t limbs, size_t kIn, const uint32_t* keys, size_t threads);

  void pack(const std::vector<PackingGroup>& groups);

 private:
  /** A component modulo the divisors, [divisor][kIn][n], from its residues, [limb][kIn][n]. */
  void compose(const uint32_t* component, uint32_t* out) const;
  /** Components [kIn][n] modulo a prime, and the sum of their switches, as coefficients: [half b, half a][n]. */
  struct Sum {
    const uint32_t* components;
    uint32_t* out;
  };
  void sumModulo(size_t prime, const std::vector<Sum>& sums, uint32_t* work) const;
  /** Divides by P, and adds to half b what is there. */
  void divide(uint32_t* sums, uint32_t* out) const;

  const RlweContext& context;
  size_t limbs, kIn;
  const uint32_t* keys;
  size_t threads;
};

/** By the definition: kIn ciphertexts [half b, half a][limb][n] of one limb or more into one. Where speed matters, products are made as a group is. */
void packProducts(const RlweContext& context, size_t limbs, size_t kIn, const uint32_t* keys, const uint32_t* products, uint32_t* out);

}  // namespace cipherprune
