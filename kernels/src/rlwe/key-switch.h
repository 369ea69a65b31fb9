// Automorphisms with hybrid key switching (Gentry, Halevi, Smart: Homomorphic evaluation of the AES circuit, CRYPTO 2012,
// section 3.1; one prime a digit), and packing by the trace.
#pragma once
#include "keys.h"

namespace cipherprune {

/** One thread's work space for ciphertexts of `limbs` limbs, stored [half b, half a][limb][n] as reduced coefficients. */
class KeySwitcher {
 public:
  KeySwitcher(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys);

  /** ct + sigma(ct) for the automorphism that negates X^(2^logStep), in place, of ct = even + X^step · odd and its
   *  conjugate: even ← (even + shifted odd) + sigma(even - shifted odd). odd may be null (zero). */
  void merge(uint32_t* even, const uint32_t* odd, size_t logStep);

  /** out = sigma(ct), still encrypted under s. */
  void automorphism(const uint32_t* ct, size_t logStep, uint32_t* out);

  size_t ciphertextWords() const { return 2 * limbs * context.n; }

 private:
  void switchKey(const uint32_t* key, uint32_t* out);
  /** One part of a merge: even += X^step · odd, and what it was minus that. */
  void combine(uint32_t* even, const uint32_t* odd, size_t step, const Modulus& m, uint32_t* difference);

  const RlweContext& context;
  size_t limbs;
  const uint32_t* keys;
  Words turned, digits, sums, rest, minus, wrapped;
  std::vector<Factor> specialInverse;
};

/** Key switchers of up to `threads` threads, made when first used. */
class KeySwitchers {
 public:
  KeySwitchers(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys, size_t threads)
      : context(context), limbs(limbs), keys(galoisKeys), switchers(threads) {}

  size_t threads() const { return switchers.size(); }
  KeySwitcher& of(size_t worker) {
    if (!switchers[worker]) switchers[worker] = std::make_unique<KeySwitcher>(context, limbs, keys);
    return *switchers[worker];
  }

 private:
  const RlweContext& context;
  size_t limbs;
  const uint32_t* keys;
  std::vector<std::unique_ptr<KeySwitcher>> switchers;
};

/** The trace packing of groups of up to 2^logCount ciphertexts whose messages lie at multiples of 2^logCount: the result
 *  comes to group[0], message of t at exponents + bitReverse(t). Everything else in the ring is overwritten by the packing;
 *  the message grows 2^logCount-fold. */
void packByTrace(KeySwitchers& switchers, std::vector<std::vector<uint32_t*>> groups, size_t logCount);

}  // namespace cipherprune
