// What hides the rows of a message (resident.h): their halves a, and encryptions of zero with a fresh secret for each row.
#pragma once
#include "resident-leaves.h"
#include "signed-digits.h"

namespace cipherprune {

/** A fraction of 2^64 to the nearest of `bits` bits. */
uint64_t nearestFraction(uint64_t fraction, int bits);

class ResidentRows {
 public:
  /** x [rows, inputs] modulo 2^ringBits. */
  ResidentRows(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint64_t* x, size_t rows,
               const uint8_t* secretSeed)
      : context(context), layout(layout), publicSeed(publicSeed), rows(rows), secretSeed(secretSeed),
        rounding(context, layout.limbs, layout.ringBits), shares(layout.ringBits, rows * features()),
        publics(layout.limbs * terms() * layout.rank * layout.n), secrets(rows * layout.limbs * layout.rank * layout.n) {
    for (size_t i = 0; i < rows; i++)
      for (size_t c = 0; c < layout.inputs; c++) shares.set(i * features() + c, x[i * layout.inputs + c]);
  }

  /** All halves a, at the beginning of the message. */
  void halves(size_t threads, uint8_t* out);

  /** After `halves`: adds the public keys of some blocks, at most laneBlocks, as toLeaves has them, times each row's secret to each block's
   *  sums [rows][kOut], below 2p, at the coefficients of outputs. */
  void addZeros(size_t limb, const uint32_t* publicKeys, size_t blocks, uint32_t* const sums[]) const;

 private:
  /** Of a row, the blocks of inputs filled up. */
  size_t features() const { return layout.inputBlocks() * layout.kIn; }
  /** Terms of half a: the blocks of inputs, then the secret's. */
  size_t terms() const { return layout.inputBlocks() + layout.rank; }
  /** Vectors of 16 points of a polynomial, and of 16 outputs of a block. */
  size_t pointVectors() const { return layout.n / columns; }
  size_t outputVectors() const { return layout.kOut() / columns; }
  /** Rows go in chunks: how many, rows of one, and where its secrets of a limb begin. */
  size_t chunks() const;
  size_t heightOf(size_t chunk) const;
  size_t secretsAt(size_t limb, size_t chunk) const;

  void publicHalves(size_t threads);
  /** Halves a of a chunk: sum of x[u]·a[u], plus A times a fresh secret, plus errors. Keeps the secrets, transformed. */
  void halvesOf(size_t chunk, uint8_t* out);
  /** x and the secret of one row, transformed and reduced, into lane products' [point / 16][term][height][16]. */
  void transformFactors(size_t limb, size_t row, size_t r, size_t height, const int32_t* secret, uint32_t* out) const;
  /** The secrets of a chunk as addZeros takes them: [output / 16][feature · rank][height][16], leaf o·kIn + k of the transform
   *  being feature k of output o. */
  void keepSecrets(size_t limb, size_t chunk, const uint32_t* factors);
  /** Vectors of a transformed polynomial, `stride` words apart. */
  void spread(const uint32_t* from, uint32_t* to, size_t stride) const;

  const RlweContext& context;
  const ResidentLayout& layout;
  const uint8_t* publicSeed;
  size_t rows;
  const uint8_t* secretSeed;
  MessageRounding rounding;
  /** x [rows][features]. */
  SignedDigits shares;
  /** The public a[u] and A, transformed: [limb][point / 16][term][rank][16]. */
  Words publics;
  /** Of the rows, transformed: [limb][chunk], each as keepSecrets has it. */
  Words secrets;
};

}  // namespace cipherprune
