// Layout of packed products x [rows, inputs] · w [inputs, outputs]. With m >= rows tokens (a power of two), Y = X^phi,
// phi = n/m: an input ciphertext holds kIn features of all tokens, x[i, c] at Y^i X^c; a product holds kOut outputs at
// Y^i X^(o·kIn); packing (packing.h) interleaves kIn products, the t-th (of its group) shifted by X^t; of fewer, the last group, as few
// as a power of two allows.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "context.h"

namespace cipherprune {

struct PackedLayout {
  size_t n, batch, rows, tokens, inputs, outputs, kIn, kOut, limbs, downLimbs;
  int ringBits;
  /** Of a coefficient of a result's halves: rounded fractions of the modulus. 0: all residues of downLimbs primes. */
  int aBits, bBits;

  bool sendsFractions() const { return aBits != 0; }
  size_t phi() const { return n / tokens; }
  size_t logKIn() const;
  /** Of products when they are packed, hidden and answered. */
  size_t packedLimbs() const { return kIn == 1 ? limbs : std::min(limbs, RlweContext::packedLimbs); }
  /** Packed in the limbs in which products are. */
  bool isPackedWhole() const { return kIn > 1 && packedLimbs() == limbs; }
  /** Input ciphertexts and products of one of the batch. */
  size_t inputBlocks() const { return (inputs + kIn - 1) / kIn; }
  size_t outputBlocks() const { return (outputs + kOut - 1) / kOut; }
  size_t inputCiphertexts() const { return batch * inputBlocks(); }
  size_t products() const { return batch * outputBlocks(); }
  size_t groups() const { return (products() + kIn - 1) / kIn; }
  size_t groupProducts(size_t group) const;
  /** By how many a group is packed: fewer than kIn, a power of two from 2 on, where that is enough for its products; then the t-th lies at
   *  exponents kIn·m + kIn - groupKIn + t. */
  size_t groupKIn(size_t group) const;
  /** Of the last group: all others are full. */
  size_t lastKIn() const { return groupKIn(groups() - 1); }

  /** The b half is sent for the rows in use and the last token, which wraps into the first. */
  bool allTokens() const { return rows + 1 >= tokens; }
  size_t sentCoefficients() const { return allTokens() ? n : (rows + 1) * phi(); }
  size_t inputBytes() const { return inputCiphertexts() * limbs * packedBytes(sentCoefficients()); }

  /** Coefficients of a group's result that carry outputs; only their b halves are sent. */
  size_t wantedCoefficients(size_t group) const;
  size_t aBytes() const { return sendsFractions() ? (n * aBits + 7) / 8 : packedBytes(n); }
  size_t bBytes(size_t wanted) const { return sendsFractions() ? (wanted * bBits + 7) / 8 : packedBytes(wanted); }
  /** An answer has half a of all groups, then half b. */
  size_t groupABytes() const { return (sendsFractions() ? 1 : downLimbs) * aBytes(); }
  size_t groupBBytes(size_t group) const { return (sendsFractions() ? 1 : downLimbs) * bBytes(wantedCoefficients(group)); }
  size_t outputABytes() const { return groups() * groupABytes(); }
  size_t outputBBytes() const;
  /** Where the b halves of groups begin, from the first one on. */
  std::vector<size_t> bOffsets() const;
  /** What is kept of half a's part until half b's is there: what it adds to half b, [group][limb][n]. */
  size_t keptWords() const { return groups() * packedLimbs() * n; }

  /** Throws std::invalid_argument naming what is wrong. */
  void check(const RlweContext& context) const;
};

/** Element strides of a [batch, row, column] view. */
struct Strides {
  size_t batch, row, column;
  size_t at(size_t b, size_t r, size_t c) const { return b * batch + r * row + c * column; }
};

/** visit(coefficient, batch, row, output) for each wanted coefficient of a group, in wire order. */
template <class Visit>
void forEachWanted(const PackedLayout& layout, size_t group, Visit visit) {
  const size_t blocks = layout.outputBlocks(), first = group * layout.kIn, place = layout.kIn - layout.groupKIn(group);
  for (size_t t = 0; t < layout.groupProducts(group); t++) {
    const size_t b = (first + t) / blocks, v = (first + t) % blocks;
    for (size_t i = 0; i < layout.rows; i++)
      for (size_t o = 0; o < layout.kOut && v * layout.kOut + o < layout.outputs; o++)
        visit(i * layout.phi() + o * layout.kIn + place + t, b, i, v * layout.kOut + o);
  }
}

}  // namespace cipherprune
