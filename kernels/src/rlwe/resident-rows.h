// What hides the rows of a message (resident.h): their halves a, and encryptions of zero with a fresh secret for each row.
#pragma once
#include "resident.h"

namespace cipherprune {

/** A fraction of 2^64 to the nearest of `bits` bits. */
uint64_t nearestFraction(uint64_t fraction, int bits);

/** Shares modulo 2^bits, read as signed, as residues: what they are multiplied by is smallest then. Without a branch. */
uint32_t signedResidue(uint64_t x, int bits, const Modulus& m);

class ResidentRows {
 public:
  /** x [rows, inputs] modulo 2^ringBits. */
  ResidentRows(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint64_t* x, size_t rows,
               const uint8_t* secretSeed)
      : context(context), layout(layout), publicSeed(publicSeed), x(x), rows(rows), secretSeed(secretSeed),
        rounding(context, layout.limbs, layout.ringBits), publics(layout.limbs * terms() * layout.rank * layout.n),
        secrets(rows * layout.limbs * layout.rank * layout.n) {}

  /** All halves a, at the beginning of the message. */
  void halves(size_t threads, uint8_t* out);

  /** After `halves`: adds the public key [rank][n] times each row's secret to sums [rows][kOut], below 2p, at the coefficients of
   *  outputs. */
  void addZeros(size_t limb, const uint32_t* publicKey, uint32_t* sums) const;

 private:
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

  /** visit(position in a transform, output / 16, feature, output % 16) for all leaves. */
  template <class Visit>
  void forEachLeaf(Visit visit) const {
    for (size_t leaf = 0; leaf < layout.n; leaf++) {
      const size_t o = leaf / layout.kIn;
      visit(leafPosition(layout.n, leaf), o / columns, leaf % layout.kIn, o % columns);
    }
  }

  const RlweContext& context;
  const ResidentLayout& layout;
  const uint8_t* publicSeed;
  const uint64_t* x;
  size_t rows;
  const uint8_t* secretSeed;
  MessageRounding rounding;
  /** The public a[u] and A, transformed: [limb][point / 16][term][rank][16]. */
  Words publics;
  /** Of the rows, transformed: [limb][chunk], each as keepSecrets has it. */
  Words secrets;
};

}  // namespace cipherprune
