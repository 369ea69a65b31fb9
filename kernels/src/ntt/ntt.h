// Number-theoretic transforms modulo primes below 2^26. One tree serves all lengths: the node X^(2w) - r^2 splits into
// X^w - r and X^w + r, and `roots` lists the r of a layer from left to right (bit-reversed powers), the same for every
// layer. The whole tree is the cyclic transform of length L; below its second node X^n + 1 lies the negacyclic one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "modulus.h"

namespace cipherprune {

/** Twiddle factors of one prime for negacyclic length n and cyclic lengths up to 2n. */
class NttTable {
 public:
  /** n a power of two, 2n | prime - 1. */
  NttTable(uint32_t prime, size_t n);

  NttTable(const NttTable&) = delete;
  NttTable& operator=(const NttTable&) = delete;

  Modulus modulus;
  size_t n;
  /** [n] values and quotients, and those of the inverses. */
  const uint32_t *roots, *rootQuotients, *inverses, *inverseQuotients;
  /** The last four layers in blocks of 256 coefficients, one lane for each subtree of 16: [n / 256][15][16]. */
  const uint32_t *tail, *tailQuotients, *inverseTail, *inverseTailQuotients;
  /** 1 / n. */
  Factor scale{};

 private:
  std::vector<uint32_t> storage;
};

/** Lanes of a batch of cyclic transforms: x [length][columns] is 16 transforms side by side. */
constexpr size_t columns = 16;

/** Rows of a tile at most: with twice as many sums as rows, what 32 registers hold. */
constexpr size_t mostTileRows = 12;

/** What several terms are put together with: addend and factors reduced. */
struct Combination {
  static constexpr size_t most = 4;
  const Modulus* modulus;
  uint32_t addend, factors[most];
};

/** Loops compiled once per instruction set from poly-loops.inl. Counts are multiples of 16 unless stated. */
struct PolyLoops {
  /** Negacyclic transform in place; words below 2^28 in, any 32-bit words out (not reduced). The order of the result is
   *  private: the same for all instruction sets, and only good for pointwise operations. */
  void (*forward)(uint32_t* x, const NttTable& table);
  /** The same into another buffer; words below 2^28. */
  void (*forwardTo)(const uint32_t* x, uint32_t* out, const NttTable& table);
  /** Of a polynomial of which only the first `support` coefficients are not zero, a power of two; the others are not read. */
  void (*forwardLow)(const uint32_t* x, size_t support, uint32_t* out, const NttTable& table);
  /** The inverse, words below 2p in, reduced out. */
  void (*inverse)(uint32_t* x, const NttTable& table);
  /** 16 cyclic transforms of the given length, x [length][16], which is overwritten. Rows from `support` on (a power of two, at most
   *  length) are taken as zero, whatever they hold. To rows of out, outStride words apart, reduced; out may be x. Length n with
   *  `negacyclic` is modulo X^n + 1 instead of X^n - 1. */
  void (*forwardColumns)(uint32_t* x, size_t length, size_t support, bool negacyclic, const NttTable& table, uint32_t* out, size_t outStride);
  /** Inverse without the factor 1 / length; words below 2p in, below 2p out. */
  void (*inverseColumns)(uint32_t* x, size_t length, bool negacyclic, const NttTable& table);
  /** The same, of which each 2^log coefficients' last is all that is wanted: rows [length >> log]; the same factor, and the cost of one
   *  layer for the 2^log lowest ones together. */
  void (*inverseColumnsLast)(uint32_t* x, size_t length, size_t log, bool negacyclic, const NttTable& table);
  /** x mod p for any 32-bit words. */
  void (*reduce)(uint32_t* x, size_t count, const Modulus& modulus);
  /** out = x · y mod p; the product of the words below 2^64. */
  void (*multiply)(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out);
  /** x · f mod p, x any words. */
  void (*scale)(const uint32_t* x, Factor f, size_t count, const Modulus& modulus, uint32_t* out);
  /** Sum over `terms` <= 16 of x[t] · y[t] mod p: x any words (stride xStride), y reduced (stride yStride). */
  void (*dot)(const uint32_t* x, size_t xStride, const uint32_t* y, size_t yStride, size_t terms, size_t count,
              const Modulus& modulus, uint32_t* out);
  /** Of one x with two y's, which are as far apart as each other's terms: out is overwritten, or added to. */
  void (*dotPair)(const uint32_t* x, size_t xStride, const uint32_t* const y[2], size_t yStride, size_t terms, bool addTo, size_t count,
                  const Modulus& modulus, uint32_t* const out[2]);
  void (*add)(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out);
  void (*subtract)(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out);
  /** out = round(x / d) mod p for a prime d close to p: x modulo p, `rest` = x modulo d, inverse = 1/d mod p. */
  void (*divideRound)(const uint32_t* x, const uint32_t* rest, const Modulus& d, Factor inverse, size_t count,
                      const Modulus& modulus, uint32_t* out);
  /** out = (x + y)·f mod p, or (x - y)·f; x, y below 2p. */
  void (*fold)(const uint32_t* x, const uint32_t* y, bool subtract, Factor f, size_t count, const Modulus& modulus,
               uint32_t* out);
  /** 16 x 16 words in place. */
  void (*transpose)(uint32_t* block);
  /** out = addend + sum over `terms` <= 16 of factors[t] · x[t] mod p: x below 2^26 (stride xStride), factors reduced. */
  void (*combine)(const uint32_t* x, size_t xStride, const uint32_t* factors, size_t terms, uint32_t addend, size_t count,
                  const Modulus& modulus, uint32_t* out);
  /** The same for several moduli, terms <= 4: factors [moduli][terms], out below 4p, as far apart as said. */
  void (*combineEach)(const uint32_t* x, size_t xStride, size_t terms, const Combination* combinations, size_t moduli, size_t count, uint32_t* out,
                      size_t outStride);
  /** Signed words as residues. */
  void (*residues)(const int32_t* x, size_t count, const Modulus& modulus, uint32_t* out);
  /** Words of 26 bits, four in 13 bytes. */
  void (*unpack)(const uint8_t* bytes, size_t count, uint32_t* out);
  /** Of 32-bit words [words] the low 26 bits that are below p, the first `count` of them at most, in their order. Returns how many; any numbers. */
  size_t (*keepResidues)(const uint8_t* bytes, size_t words, const Modulus& modulus, size_t count, uint32_t* out);
  /** How many words are not below p. */
  size_t (*countInvalid)(const uint32_t* x, size_t count, const Modulus& modulus);
  /** Tile of a modular product: C [rows][16] = sum over depth of A [depth][rows] · B [depth][16], reduced below 2p; 1 to
   *  mostTileRows rows, depth at most 4096, A and B reduced. Neighbouring columns of A are aStride words apart, rows of C
   *  cStride. */
  void (*tile)(const uint32_t* a, size_t aStride, const uint32_t* b, size_t rows, size_t depth, const Modulus& modulus,
               uint32_t* c, size_t cStride);
  /** Matrix products of 16 lanes, each by itself: out [rows][cols][16] = sum over terms of x [terms][rows][16] ·
   *  y [terms][cols][16] mod p; 1 to 4 rows, at most 4096 terms, x and y reduced. */
  void (*laneProducts)(const uint32_t* x, size_t rows, const uint32_t* y, size_t cols, size_t terms, const Modulus& modulus,
                       uint32_t* out);
};

/** Where a negacyclic transform of length n has its value at leaf `leaf` of the tree. */
inline size_t leafPosition(size_t n, size_t leaf) {
  return n < 256 ? leaf : (leaf & ~size_t{255}) | (leaf & 15) << 4 | (leaf >> 4 & 15);
}

/** The loops of the active instruction set. */
const PolyLoops& polyLoops();

extern const PolyLoops polyLoopsAvx2;
extern const PolyLoops polyLoopsAvx512;

}  // namespace cipherprune
