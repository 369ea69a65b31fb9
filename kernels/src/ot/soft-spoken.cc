// SoftSpoken OT extension: Roy, "SoftSpokenOT: Quieter OT Extension from Small-Field Silent VOLE in the
// Minicrypt Model" (CRYPTO 2022), section 4 with a repetition code. For a tree with leaves r_x (rows of pseudorandom bits)
// punctured at p, let u = sum of all r_x, v_j = sum of the r_x with bit j of x set, w_j the same over x xor p. Then
// w_j = v_j xor p_j · u, and every sum w_j skips the unknown leaf. The receiver's choices are u of tree 0; it sends
// c = u xor choices for the others, and the sender adds p_j · c. The 128 rows, transposed, are the blocks.
// A malicious receiver could send inconsistent corrections: inference/crypto/ot/extension-check.ts looks at the rows.
#include <cstring>

#include "src/base/cpu.h"
#include "ot.h"
#include "paths.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

const OtPath& activePath() {
#ifdef CIPHERPRUNE_X86
  const Isa isa = activeIsa();
  if (isa == Isa::avx512) return avx512OtPath;
  if (isa == Isa::avx2) return avx2OtPath;
#endif
  return portableOtPath;
}

// The builtin: what _FORTIFY_SOURCE checks at each word keeps the compiler from vectors.
uint64_t loadWord(const uint8_t* p) {
  uint64_t word;
  __builtin_memcpy(&word, p, 8);
  return word;
}

void storeWord(uint8_t* p, uint64_t word) { __builtin_memcpy(p, &word, 8); }

/** out = a xor (b and mask) */
void xorMasked(const uint8_t* a, const uint8_t* b, uint64_t mask, uint8_t* out) {
  for (size_t i = 0; i < kTileBytes; i += 8) storeWord(out + i, loadWord(a + i) ^ (loadWord(b + i) & mask));
}

/** One tile of the bit matrix. */
struct TileRows {
  uint8_t* rows;
  size_t stride;

  uint8_t* at(size_t row) const { return rows + row * stride; }
};

/** Writes the 128 rows, the choices [512] and the corrections [trees - 1][512]. */
void receiveTile(Suite suite, int k, const uint8_t* keys, uint64_t tile, TileRows rows, uint8_t* choices, uint8_t* corrections) {
  const OtPath::SubspaceVole subspaceVole = activePath().subspaceVole[static_cast<int>(suite)];
  size_t row = 0;
  for (size_t tree = 0; tree < softSpokenTrees(k); tree++) {
    const int depth = softSpokenDepth(k, tree);
    uint8_t sum[kTileBytes];
    subspaceVole(keys, depth, false, tile, rows.at(row), rows.stride, tree == 0 ? choices : sum);
    if (tree > 0) {
      xorMasked(sum, choices, ~uint64_t{0}, corrections);
      corrections += kTileBytes;
    }
    keys += softSpokenKeyBytes(suite) << depth;
    row += static_cast<size_t>(depth);
  }
}

void sendTile(Suite suite, int k, const uint8_t* keys, const uint8_t* delta, uint64_t tile, const uint8_t* corrections, TileRows rows) {
  const OtPath::SubspaceVole subspaceVole = activePath().subspaceVole[static_cast<int>(suite)];
  size_t row = 0;
  for (size_t tree = 0; tree < softSpokenTrees(k); tree++) {
    const int depth = softSpokenDepth(k, tree);
    uint8_t sum[kTileBytes];
    subspaceVole(keys, depth, true, tile, rows.at(row), rows.stride, sum);
    for (size_t end = row + static_cast<size_t>(depth); row < end; row++) {
      const uint64_t bit = (delta[row / 8] >> (row % 8)) & 1;
      if (tree > 0) xorMasked(rows.at(row), corrections, 0 - bit, rows.at(row));
    }
    if (tree > 0) corrections += kTileBytes;
    keys += softSpokenKeyBytes(suite) << depth;
  }
}

constexpr size_t kTileStride = rowStride(1);

/** Bytes of one tile's corrections. */
size_t correctionsOf(int k) { return (softSpokenTrees(k) - 1) * kTileBytes; }

}  // namespace

void spreadBits(const uint8_t* bits, size_t count, uint8_t* bytes) {
  for (size_t i = 0; i < count / 8; i++) {
    // bit j moves to byte j: copies of the byte, one bit kept in each, then "is it zero" by a carry into the top bit
    const uint64_t kept = (bits[i] * 0x0101010101010101ULL) & 0x8040201008040201ULL;
    const uint64_t ones = ((kept + 0x7f7f7f7f7f7f7f7fULL) >> 7) & 0x0101010101010101ULL;
    for (int j = 0; j < 8; j++) bytes[8 * i + static_cast<size_t>(j)] = static_cast<uint8_t>(ones >> (8 * j));
  }
}

size_t softSpokenLeaves(int k) {
  size_t leaves = 0;
  for (size_t tree = 0; tree < softSpokenTrees(k); tree++) leaves += size_t{1} << softSpokenDepth(k, tree);
  return leaves;
}

void softSpokenKeys(Suite suite, const uint8_t* leaves, size_t count, uint8_t* keys) {
  if (suite == Suite::chacha) {
    memcpy(keys, leaves, count * kBlockBytes);
    return;
  }
  AesKey key;
  for (size_t i = 0; i < count; i++) {
    aesSetKey(&key, leaves + i * kBlockBytes);
    memcpy(keys + i * sizeof key.roundKeys, key.roundKeys, sizeof key.roundKeys);
  }
}

void softSpokenReceive(Suite suite, int k, const uint8_t* keys, uint64_t firstTile, size_t tiles, uint8_t* corrections,
                       uint8_t* choices, uint8_t* blocks) {
  uint8_t rows[128 * kTileStride], chosen[kTileBytes];
  for (size_t tile = 0; tile < tiles; tile++) {
    receiveTile(suite, k, keys, firstTile + tile, {rows, kTileStride}, chosen, corrections + tile * correctionsOf(k));
    spreadBits(chosen, kTileCots, choices + tile * kTileCots);
    transposeBits(rows, kTileStride, kTileCots, blocks + tile * kTileCots * kBlockBytes);
  }
}

void softSpokenSend(Suite suite, int k, const uint8_t* keys, const uint8_t* delta, uint64_t firstTile, size_t tiles,
                    const uint8_t* corrections, uint8_t* blocks) {
  uint8_t rows[128 * kTileStride];
  for (size_t tile = 0; tile < tiles; tile++) {
    sendTile(suite, k, keys, delta, firstTile + tile, corrections + tile * correctionsOf(k), {rows, kTileStride});
    transposeBits(rows, kTileStride, kTileCots, blocks + tile * kTileCots * kBlockBytes);
  }
}

void softSpokenReceiveRows(Suite suite, int k, const uint8_t* keys, uint64_t firstTile, size_t tiles, uint8_t* corrections, uint8_t* rows) {
  const size_t stride = rowStride(tiles);
  for (size_t tile = 0; tile < tiles; tile++) {
    const TileRows part = {rows + tile * kTileBytes, stride};
    receiveTile(suite, k, keys, firstTile + tile, part, part.at(128), corrections + tile * correctionsOf(k));
  }
}

void softSpokenSendRows(Suite suite, int k, const uint8_t* keys, const uint8_t* delta, uint64_t firstTile, size_t tiles,
                        const uint8_t* corrections, uint8_t* rows) {
  for (size_t tile = 0; tile < tiles; tile++)
    sendTile(suite, k, keys, delta, firstTile + tile, corrections + tile * correctionsOf(k), {rows + tile * kTileBytes, rowStride(tiles)});
}

void transposeBits(const uint8_t* rows, size_t stride, size_t columns, uint8_t* blocks) {
  const OtPath& path = activePath();
  const size_t groups = columns / path.transposeColumns, done = groups * path.transposeColumns;
  path.transpose(rows, stride, groups, blocks);
  if (done < columns)
    portableOtPath.transpose(rows + done / 8, stride, (columns - done) / 8, blocks + done * kBlockBytes);
}

}  // namespace cipherprune
