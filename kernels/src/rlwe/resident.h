// Products of a client's rows with a server's matrix that the client holds encrypted: the matrix stays, under the server's
// key, and a row costs one message from the client. Module learning with errors over Z_Q[X]/(X^n + 1) of the given rank.
//
// Outputs come in blocks of kOut = n / kIn, inputs in blocks of kIn features. With sums over the rank,
//   b[u, v] = -a[u]·s[v] + e + M[u, v]     M[u, v] = round(W·Q / 2^ringBits), W[c, o] at X^(o·kIn - c)
// one secret s[v] for each block of outputs, the same public a[u] under all of them (many secrets to one matrix, as Peikert,
// Vaikuntanathan, Waters, CRYPTO 2008), so a row's answer carries one half a, whatever its number of outputs. The product of
// x[u] = sum of x_c X^c with M[u, v] has output o at X^(o·kIn), the only coefficients of the b halves that are ever computed:
// the client keeps b as a matrix [inputs][kOut] of those coefficients, which makes them a plain modular matrix product.
//
// What the client sends is re-randomized by a public key P[v] = -A·s[v] + e with a secret of its own for each row, and flooded.
#pragma once
#include <algorithm>

#include "context.h"
#include "sampler.h"

namespace cipherprune {

struct ResidentLayout {
  size_t n, rank, inputs, outputs, kIn, limbs, downLimbs;
  int ringBits;
  /** Bits of a coefficient that is sent, as a fraction of the modulus: of half a and of half b. */
  int aBits, bBits;

  size_t kOut() const { return n / kIn; }
  size_t inputBlocks() const { return (inputs + kIn - 1) / kIn; }
  size_t outputBlocks() const { return (outputs + kOut() - 1) / kOut(); }
  /** Residues of a block of outputs in one limb: the public key [rank][n], then tiles of 16 outputs [kOut / 16][inputs][16]. */
  size_t blockResidues() const { return rank * n + inputs * kOut(); }
  size_t blockBytes() const { return limbs * packedBytes(blockResidues()); }
  /** A message has half a of each row, aBytes(), then for each block of outputs its coefficients [rows][width], packed. */
  size_t aBytes() const { return (rank * n * static_cast<size_t>(aBits) + 7) / 8; }
  size_t width(size_t block) const { return std::min(kOut(), outputs - block * kOut()); }
  size_t bBytes(size_t rows, size_t width) const { return (rows * width * static_cast<size_t>(bBits) + 7) / 8; }
  /** Bytes of blocks first ... last - 1. */
  size_t blocksBytes(size_t rows, size_t first, size_t last) const {
    return first == last ? 0 : (last - 1 - first) * bBytes(rows, kOut()) + bBytes(rows, width(last - 1));
  }
  size_t messageBytes(size_t rows) const { return rows * aBytes() + blocksBytes(rows, 0, outputBlocks()); }

  /** Fails naming what is wrong. */
  void check(const RlweContext& context) const;
};

/** The public halves of a weight, from its seed, transformed: a[u][j] for each block of inputs, A[i][j]. */
class ResidentPublic {
 public:
  ResidentPublic(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed)
      : context(context), layout(layout), sampler({Suite::aes, publicSeed}) {}

  void input(size_t u, size_t j, size_t limb, uint32_t* out) { draw((u * layout.rank + j) * layout.limbs + limb, limb, out); }
  void zero(size_t i, size_t j, size_t limb, uint32_t* out) {
    draw((uint64_t{1} << 32) + (i * layout.rank + j) * layout.limbs + limb, limb, out);
  }

 private:
  void draw(uint64_t stream, size_t limb, uint32_t* out) {
    sampler.seek(stream);
    sampler.uniform(context.modulus(limb), context.n, out);
  }

  const RlweContext& context;
  const ResidentLayout& layout;
  Sampler sampler;
};

/** Blocks first ... first + count - 1 of outputs of W [inputs, outputs], blockBytes() each. The same seeds always give the same
 *  bytes; secretSeed must serve one weight only. */
void encryptResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* secretSeed,
                     const int16_t* matrix, size_t first, size_t count, size_t threads, uint8_t* out);

/** The client's half: x [rows, inputs] times all blocks, plus mask [rows, outputs], both modulo 2^ringBits; flooded by uniform
 *  noise of floodBits bits and sign. out: messageBytes(rows), made from the front: `ready` says how many are done. Returns how many
 *  residues of `blocks` were invalid; what came of those is not ready. */
size_t multiplyResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* blocks,
                        const uint64_t* x, const uint64_t* mask, size_t rows, int floodBits, const uint8_t* secretSeed,
                        size_t threads, uint8_t* out, int32_t* ready);

/** The server's half, first halves a of the rows, transformed, as many words as [rows][downLimbs][rank][n], in an order of its own. */
void residentHalves(const RlweContext& context, const ResidentLayout& layout, const uint8_t* bytes, size_t rows, size_t threads,
                    uint32_t* halves);
/** Then blocks first ... first + count - 1 of x·W + mask modulo 2^ringBits, from their bytes: out [rows, outputs]; noise as in
 *  decryptPacked. */
void decryptResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* secretSeed, const uint32_t* halves,
                     const uint8_t* bytes, size_t rows, size_t first, size_t count, size_t threads, uint64_t* out, uint64_t* noise);

}  // namespace cipherprune
