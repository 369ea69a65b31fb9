// Automorphisms with hybrid key switching (Gentry, Halevi, Smart: Homomorphic evaluation of the AES circuit, CRYPTO 2012,
// section 3.1; two primes a digit and two special primes, as Han and Ki, Better bootstrapping for approximate homomorphic encryption, CT-RSA
// 2020, section 3), and packing by the trace.
#pragma once
#include "keys.h"

namespace cipherprune {

/** Halves of a ciphertext as reduced coefficients, [limb][..], their limbs n words apart. */
struct Halves {
  uint32_t *b, *a;
};

/** One thread's work space for ciphertexts of `limbs` limbs. */
class KeySwitcher {
 public:
  KeySwitcher(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys);

  /** (even + X^step · odd) + sigma(even - X^step · odd), step = 2^logStep, for the automorphism that negates X^step, in place of even. Of half b
   *  only coefficients at multiples of step: before at multiples of 2·step, [n / 2·step], those of odd behind those of even; afterwards in their
   *  order. odd's half a may be null (zero), what lies at its half b does not matter then. */
  void merge(Halves even, const uint32_t* oddA, size_t logStep);

  /** out = sigma(ct), still encrypted under s; [half b, half a][limb][n]. */
  void automorphism(const uint32_t* ct, size_t logStep, uint32_t* out);

 private:
  /** Adds the switched `turned` (a half under s(X^g)) to out, of half b each 2^logEach-th coefficient. */
  void switchKey(const uint32_t* key, size_t logEach, Halves out);
  void substitute(const uint32_t* x, size_t logStep, const Modulus& m, uint32_t* out);
  void upperDigits();
  void transformDigits(size_t prime);
  void shiftedRemainder(uint32_t* remainder, size_t count);
  /** Each 2^logEach-th coefficient of a half that is transformed. */
  void wanted(uint32_t* sum, size_t prime, size_t logEach, uint32_t* out);
  /** One limb of half a of a merge: even += X^step · odd, and what it was minus that. */
  void combine(uint32_t* even, const uint32_t* odd, size_t step, const Modulus& m, uint32_t* difference);
  /** One limb of half b: sigma leaves even and X^step · odd, and adds them. */
  void doubled(uint32_t* even, bool hasOdd, size_t count, const Modulus& m);

  const RlweContext& context;
  size_t limbs, digits;
  const uint32_t* keys;
  Words turned, upper, transformed, sum, rest, minus, wrapped;
  /** By prime: half the product P of the special primes, and 1/P. */
  std::vector<uint32_t> halves;
  std::vector<Factor> specialInverse;
  Factor firstInverse;
};

/** Key switchers of up to `threads` threads, made when first used. */
class KeySwitchers {
 public:
  KeySwitchers(const RlweContext& context, size_t limbs, const uint32_t* galoisKeys, size_t threads)
      : limbs(limbs), context(context), keys(galoisKeys), switchers(threads) {}

  size_t threads() const { return switchers.size(); }
  KeySwitcher& of(size_t worker) {
    if (!switchers[worker]) switchers[worker] = std::make_unique<KeySwitcher>(context, limbs, keys);
    return *switchers[worker];
  }
  size_t limbWords() const { return context.n; }

  const size_t limbs;

 private:
  const RlweContext& context;
  const uint32_t* keys;
  std::vector<std::unique_ptr<KeySwitcher>> switchers;
};

/** Ciphertexts that are packed into one: half b of the result, [limb][n], in which those of the ciphertexts lie, [limb][ciphertext][n / 2^logCount] (each
 *  2^logCount-th coefficient, which is what the trace leaves); then their a halves, [ciphertext][limb][n]. */
struct TraceGroup {
  uint32_t* words;
  size_t count;
};

/** The trace packing of groups of up to 2^logCount ciphertexts whose messages lie at multiples of 2^logCount: the result
 *  comes to the beginning of a group, message of t at exponents + bitReverse(t), half a behind half b. Everything else in the ring is overwritten by the
 *  packing; the message grows 2^logCount-fold. */
void packByTrace(KeySwitchers& switchers, const std::vector<TraceGroup>& groups, size_t logCount);

}  // namespace cipherprune
