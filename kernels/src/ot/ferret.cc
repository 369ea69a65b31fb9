#include "ferret.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "ferret-rows.h"
#include "field-dots.h"
#include "src/base/cpu.h"
#include "src/prg/prg.h"

namespace cipherprune {
namespace {

#include "ferret-rows.inl"

/** XOR of the nodes at even (side 0) or odd (side 1) places. */
Block sumSide(const uint8_t* nodes, size_t count, size_t side) {
  Block a = {0, 0}, b = {0, 0};
  size_t i = side;
  for (; i + 2 < count; i += 4) {
    a ^= load(nodes + i * kBlockBytes);
    b ^= load(nodes + (i + 2) * kBlockBytes);
  }
  if (i < count) a ^= load(nodes + i * kBlockBytes);
  return a ^ b;
}

/** Trees that grow together: their leaves (64 kB) stay close, their upper levels fill the cipher's registers. */
constexpr size_t kBatchLeaves = 4096;

size_t batchTrees(int depth) { return (kBatchLeaves >> depth) > 0 ? kBatchLeaves >> depth : 1; }

/** In the instruction set of this machine. */
EncodeRows activeEncodeRows() {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return encodeRowsAvx512;
#endif
  return encodeRows;
}

/** The public matrix, times the table. */
class MatrixRows {
 public:
  explicit MatrixRows(const FerretCall& call)
      : call(call), key(call.suite, call.seed), mask((uint32_t{1} << call.logTable) - 1), run(activeEncodeRows()) {}

  /** out = leaves + kLpnRows rows from `firstRow` on, a multiple of as many. */
  void encode(uint64_t firstRow, const uint8_t* leaves, uint8_t* out) {
    if (!isTableNear) fetchTable();
    isTableNear = true;
    prgFill(key, firstRow / kLpnRows * (sizeof places / kBlockBytes), reinterpret_cast<uint8_t*>(places), sizeof places);
    run(leaves, call.table, places, mask, out);
  }

 private:
  static constexpr size_t kLineBytes = 64;

  /** Other work may have pushed the table out of the caches since the last call. In order it comes back faster than by the rows' reads,
   *  which jump. Instructions that prefetch were measured to gain nothing. */
  void fetchTable() const {
    const volatile uint8_t* const bytes = call.table;
    for (size_t at = 0; at < kBlockBytes << call.logTable; at += kLineBytes) (void)bytes[at];
  }

  const FerretCall& call;
  PrgKey key;
  uint32_t mask;
  EncodeRows run;
  bool isTableNear = false;
  /** The table's size is a power of two: any words are places modulo it. */
  uint32_t places[kLpnRows * kLpnWeight];
};

/** Takes the outputs of a call in order, the reserved ones first. */
class Outputs {
 public:
  explicit Outputs(const FerretCall& call) : call(call) {}

  /** Where the next `count` of them may be written to; null where they belong to both places. */
  uint8_t* place(size_t count) const {
    if (done >= call.reserved) return call.blocks + (done - call.reserved) * kBlockBytes;
    return done + count <= call.reserved ? call.reserve + done * kBlockBytes : nullptr;
  }

  /** They are `outputs`, if not written to their place already. */
  void append(const uint8_t* outputs, size_t count) {
    if (outputs != place(count)) copy(outputs, count);
    done += count;
  }

 private:
  void copy(const uint8_t* outputs, size_t count) {
    const size_t toReserve = done >= call.reserved ? 0 : call.reserved - done < count ? call.reserved - done : count;
    if (toReserve > 0) memcpy(call.reserve + done * kBlockBytes, outputs, toReserve * kBlockBytes);
    if (toReserve < count)
      memcpy(call.blocks + (done + toReserve - call.reserved) * kBlockBytes, outputs + toReserve * kBlockBytes,
             (count - toReserve) * kBlockBytes);
  }

  const FerretCall& call;
  size_t done = 0;
};

/** What is known of a piece of rows: begun and done are a thread's; needed: who needs it makes it, and no thread. */
enum Piece : int32_t { kFree, kBegun, kDone, kNeeded };
constexpr size_t kPieceRows = kBatchLeaves;

/** Leaves it to the caller, unless it was begun before. */
bool beginPiece(int32_t* piece, Piece as) {
  int32_t expected = kFree;
  return __atomic_compare_exchange_n(piece, &expected, static_cast<int32_t>(as), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/** Is it there to be read? If nobody has begun it, nobody does from now on. */
bool isReady(int32_t* piece) { return !beginPiece(piece, kNeeded) && __atomic_load_n(piece, __ATOMIC_ACQUIRE) == kDone; }

void addReady(const uint8_t* encoded, const uint8_t* leaves, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count * kBlockBytes; i += kBlockBytes) store(out + i, (load(leaves + i) & kClearLowest) ^ load(encoded + i));
}

/** out = the matrix's rows + leaves, of a batch from leaf `first` on; in place where they are one. */
void encode(const FerretCall& call, MatrixRows* rows, size_t first, const uint8_t* leaves, size_t count, uint8_t* out) {
  for (size_t at = first; at < first + count;) {
    const size_t piece = at / kPieceRows, end = std::min(first + count, (piece + 1) * kPieceRows);
    const size_t own = (at - first) * kBlockBytes;
    if (call.pieces && isReady(call.pieces + piece)) {
      addReady(call.encoded + at * kBlockBytes, leaves + own, end - at, out + own);
    } else {
      for (size_t i = own; i < own + (end - at) * kBlockBytes; i += kLpnRows * kBlockBytes)
        rows->encode(call.firstRow + first + i / kBlockBytes, leaves + i, out + i);
    }
    at = end;
  }
}

/** The sender's trees: the two nodes of level 1 differ by delta, so the nodes of each level add up to delta. */
void growTrees(Suite suite, const uint8_t* roots, size_t trees, int depth, const uint8_t* delta, const uint8_t* pathCots,
               uint8_t* corrections, uint8_t* nodes) {
  const Block difference = load(delta);
  for (size_t t = 0; t < trees; t++) {
    const Block root = load(roots + t * kBlockBytes);
    store(nodes + 2 * t * kBlockBytes, root);
    store(nodes + (2 * t + 1) * kBlockBytes, root ^ difference);
  }
  for (int level = 1; level <= depth; level++) {
    if (level > 1) correlatedDouble(suite, nodes, nodes, trees << (level - 1));
    const size_t width = size_t{1} << level;
    for (size_t t = 0; t < trees; t++) {
      const size_t cot = (t * static_cast<size_t>(depth) + static_cast<size_t>(level) - 1) * kBlockBytes;
      store(corrections + cot, load(pathCots + cot) ^ sumSide(nodes + t * width * kBlockBytes, width, 0));
    }
  }
}

/** The receiver's trees. With t = q xor r · delta, the correction q xor (left sum) opens to the sum on side r; the path
 *  takes the other side. Instead of the unknown leaf w it puts the sum of the others, w xor delta. */
void growPunctured(Suite suite, size_t trees, int depth, const uint8_t* pathCots, const uint8_t* corrections, uint8_t* nodes,
                   uint32_t* points) {
  memset(nodes, 0, 2 * trees * kBlockBytes);
  for (size_t t = 0; t < trees; t++) points[t] = 0;
  for (int level = 1; level <= depth; level++) {
    if (level > 1) correlatedDouble(suite, nodes, nodes, trees << (level - 1));
    const size_t width = size_t{1} << level;
    for (size_t t = 0; t < trees; t++) {
      uint8_t* tree = nodes + t * width * kBlockBytes;
      const size_t cot = (t * static_cast<size_t>(depth) + static_cast<size_t>(level) - 1) * kBlockBytes;
      const uint32_t side = pathCots[cot] & 1;
      points[t] = 2 * points[t] + (1 - side);
      const size_t sibling = points[t] ^ 1u;
      memset(tree + (points[t] & sibling) * kBlockBytes, 0, 2 * kBlockBytes);
      const Block sum = load(pathCots + cot) ^ load(corrections + cot);
      store(tree + sibling * kBlockBytes, sum ^ sumSide(tree, width, side));
    }
  }
  const size_t width = size_t{1} << depth;
  for (size_t t = 0; t < trees; t++) {
    uint8_t* tree = nodes + t * width * kBlockBytes;
    store(tree + points[t] * kBlockBytes, sumSide(tree, width, 0) ^ sumSide(tree, width, 1));
  }
}

/** Trees that are worked on at once, and where their COTs begin. */
struct Batch {
  size_t first, trees, cots;
};

template <class Body>
void inBatches(const FerretCall& call, Body body) {
  const size_t most = batchTrees(call.depth);
  for (size_t first = 0; first < call.trees; first += most) {
    const size_t trees = call.trees - first < most ? call.trees - first : most;
    body(Batch{first, trees, first * static_cast<size_t>(call.depth) * kBlockBytes});
  }
}

/** The noise: the choice of the punctured leaf. */
void addNoise(const uint32_t* points, size_t trees, int depth, uint8_t* outputs) {
  for (size_t t = 0; t < trees; t++) outputs[((t << depth) + points[t]) * kBlockBytes] ^= 1;
}

void readChoices(const FerretCall& call, uint8_t* choices) {
  const size_t kept = (call.trees << call.depth) - call.reserved;
  for (size_t i = 0; i < kept; i++) choices[i] = call.blocks[i * kBlockBytes] & 1;
}

/** Tags under a public key: pi(sigma(x)) xor sigma(x) by AES, sigma as in prg.h, or the hash of ChaCha with tweaks from the key on. */
class LeafTags {
 public:
  LeafTags(Suite suite, const uint8_t* bytes) : suite(suite) {
    aesSetKey(&key, bytes);
    memcpy(&tweak, bytes, sizeof tweak);
  }

  void write(const uint8_t* leaves, size_t first, size_t count, uint8_t* tags) const {
    if (suite == Suite::chacha) {
      hashBlocks(leaves, tags, count, Tweak{suite, tweak + first});
      return;
    }
    std::vector<uint8_t> inputs(count * kBlockBytes);
    for (size_t i = 0; i < inputs.size(); i += kBlockBytes) {
      const Block block = load(leaves + i);
      store(inputs.data() + i, Block{block[0] ^ block[1], block[0]});
    }
    aesEncrypt(key, inputs.data(), tags, count);
    for (size_t i = 0; i < inputs.size(); i += kBlockBytes) store(tags + i, load(tags + i) ^ load(inputs.data() + i));
  }

 private:
  Suite suite;
  AesKey key;
  uint64_t tweak;
};

Block sumOf(const uint8_t* blocks, size_t count) { return sumSide(blocks, count, 0) ^ sumSide(blocks, count, 1); }

}  // namespace

size_t ferretPieces(size_t rows) { return (rows + kPieceRows - 1) / kPieceRows; }

void ferretEncode(const FerretCall& call, uint8_t* encoded) {
  alignas(64) static constexpr uint8_t zeros[kLpnRows * kBlockBytes] = {};
  const size_t leaves = call.trees << call.depth;
  MatrixRows rows(call);
  for (size_t first = 0; first < leaves; first += kPieceRows) {
    int32_t* piece = call.pieces + first / kPieceRows;
    if (!beginPiece(piece, kBegun)) continue;
    for (size_t i = first; i < std::min(leaves, first + kPieceRows); i += kLpnRows)
      rows.encode(call.firstRow + i, zeros, encoded + i * kBlockBytes);
    __atomic_store_n(piece, kDone, __ATOMIC_RELEASE);
  }
}

void ferretSend(const FerretCall& call, const uint8_t* delta, const uint8_t* roots, uint8_t* corrections) {
  std::vector<uint8_t> leaves(batchTrees(call.depth) * kBlockBytes << call.depth);
  MatrixRows rows(call);
  Outputs outputs(call);
  inBatches(call, [&](const Batch& batch) {
    const size_t count = batch.trees << call.depth;
    growTrees(call.suite, roots + batch.first * kBlockBytes, batch.trees, call.depth, delta, call.pathCots + batch.cots,
              corrections + batch.cots, leaves.data());
    uint8_t* const place = outputs.place(count);
    uint8_t* const out = place ? place : leaves.data();
    encode(call, &rows, batch.first << call.depth, leaves.data(), count, out);
    outputs.append(out, count);
  });
}

void ferretReceive(const FerretCall& call, const uint8_t* corrections, uint8_t* choices) {
  std::vector<uint8_t> leaves(batchTrees(call.depth) * kBlockBytes << call.depth);
  std::vector<uint32_t> points(batchTrees(call.depth));
  MatrixRows rows(call);
  Outputs outputs(call);
  inBatches(call, [&](const Batch& batch) {
    const size_t count = batch.trees << call.depth;
    growPunctured(call.suite, batch.trees, call.depth, call.pathCots + batch.cots, corrections + batch.cots, leaves.data(), points.data());
    uint8_t* const place = outputs.place(count);
    uint8_t* const out = place ? place : leaves.data();
    encode(call, &rows, batch.first << call.depth, leaves.data(), count, out);
    addNoise(points.data(), batch.trees, call.depth, out);
    outputs.append(out, count);
  });
  readChoices(call, choices);
}

void ferretGrow(const FerretCall& call, const uint8_t* delta, const uint8_t* roots, uint8_t* corrections, uint8_t* leaves) {
  inBatches(call, [&](const Batch& batch) {
    growTrees(call.suite, roots + batch.first * kBlockBytes, batch.trees, call.depth, delta, call.pathCots + batch.cots,
              corrections + batch.cots, leaves + (batch.first * kBlockBytes << call.depth));
  });
}

void ferretGrowPunctured(const FerretCall& call, const uint8_t* corrections, uint8_t* leaves, uint32_t* points) {
  inBatches(call, [&](const Batch& batch) {
    growPunctured(call.suite, batch.trees, call.depth, call.pathCots + batch.cots, corrections + batch.cots,
                  leaves + (batch.first * kBlockBytes << call.depth), points + batch.first);
  });
}

void ferretSendLeaves(const FerretCall& call, uint8_t* leaves) {
  MatrixRows rows(call);
  const size_t count = call.trees << call.depth;
  encode(call, &rows, 0, leaves, count, leaves);
  Outputs(call).append(leaves, count);
}

void ferretReceiveLeaves(const FerretCall& call, uint8_t* leaves, const uint32_t* points, uint8_t* choices) {
  MatrixRows rows(call);
  const size_t count = call.trees << call.depth;
  encode(call, &rows, 0, leaves, count, leaves);
  addNoise(points, call.trees, call.depth, leaves);
  Outputs(call).append(leaves, count);
  readChoices(call, choices);
}

void ferretLeafHashes(Suite suite, int depth, size_t trees, const uint8_t* leaves, const uint32_t* points, const uint8_t* key,
                      const uint8_t* challenges, uint8_t* sums, uint8_t* hashes) {
  const LeafTags tagsOf(suite, key);
  const size_t width = size_t{1} << depth, bytes = width * kBlockBytes, batch = batchTrees(depth);
  std::vector<uint8_t> tags(batch * bytes);
  for (size_t first = 0; first < trees; first += batch) {
    const size_t count = trees - first < batch ? trees - first : batch;
    tagsOf.write(leaves + first * bytes, first * width, count * width, tags.data());
    for (size_t t = 0; t < count; t++) {
      uint8_t *tree = tags.data() + t * bytes, *sum = sums + (first + t) * kBlockBytes;
      if (!points) {
        store(sum, sumOf(tree, width));
        continue;
      }
      uint8_t* missing = tree + points[first + t] * kBlockBytes;
      store(missing, Block{});
      store(missing, load(sum) ^ sumOf(tree, width));
    }
    for (size_t i = 0; i < 2; i++)
      fieldDots({tags.data(), bytes, count}, challenges + i * bytes, width, hashes + (i * trees + first) * kBlockBytes);
  }
}

}  // namespace cipherprune
