#include "encoder-ops.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "src/base/cpu.h"
#include "encoder-loops.inl"
#include "src/base/parallel.h"

namespace cipherprune::float32 {

EncoderLoops portableEncoderLoops() { return loopsOfThisFile(); }

namespace {

EncoderLoops chosenLoops() {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return avx512EncoderLoops();
  if (activeIsa() == Isa::avx2) return avx2EncoderLoops();
#endif
  return portableEncoderLoops();
}

/** Calls body(from, to) over [0, size) in pieces of `piece`. */
template <typename Body>
void inPieces(int64_t size, int64_t piece, const Body& body) {
  auto run = [&](int64_t index) { body(index * piece, std::min(size, (index + 1) * piece)); };
  parallelFor((size + piece - 1) / piece, run);
}

/** Rows whose work is worth a hand-over to another thread. */
int64_t rowsPerPiece(int64_t columns) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, columns)); }

constexpr int64_t kNumbersPerPiece = 16384;

/** Sums over rows are made per piece of 64 rows, then the pieces are added in order: the same on any thread count. */
constexpr int64_t kRowsPerSum = 64;

/** Floats that the longest sequence needs: see AttentionScratch. */
int64_t attentionScratch(const AttentionArgs& args) {
  int64_t longest = 0;
  for (int64_t b = 0; b < args.batch; b++) longest = std::max(longest, args.starts[b + 1] - args.starts[b]);
  return paddedTo16(longest) * (args.headSize + 2 * kAttentionRows + 7);
}

float* scratchOf(int64_t floats) {
  static thread_local std::vector<float> space;
  if (static_cast<int64_t>(space.size()) < floats) space.resize(floats);
  return space.data();
}

}  // namespace

void addPairs(const PairArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.size, kNumbersPerPiece, [&](int64_t from, int64_t to) { loops.add(args, from, to); });
}

void multiplyPairs(const PairArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.size, kNumbersPerPiece, [&](int64_t from, int64_t to) { loops.multiply(args, from, to); });
}

void applyCurve(const CurveArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.size, kNumbersPerPiece, [&](int64_t from, int64_t to) { loops.curve(args, from, to); });
}

void mixRows(const MixArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.rows, rowsPerPiece(args.columns), [&](int64_t from, int64_t to) { loops.mix(args, from, to); });
}

void mixRowsGrad(const MixGradArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.rows, rowsPerPiece(args.columns), [&](int64_t from, int64_t to) { loops.mixGrad(args, from, to); });
}

void layerNorm(const LayerNormArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.rows, rowsPerPiece(args.columns), [&](int64_t from, int64_t to) { loops.layerNorm(args, from, to); });
}

void layerNormGrad(const LayerNormGradArgs& args) {
  const EncoderLoops loops = chosenLoops();
  const int64_t n = args.columns, pieces = (args.rows + kRowsPerSum - 1) / kRowsPerSum;
  std::vector<float> partial(2 * n * pieces, 0.0f);
  inPieces(args.rows, kRowsPerSum, [&](int64_t from, int64_t to) {
    float* sums = partial.data() + from / kRowsPerSum * 2 * n;
    loops.layerNormGrad(args, from, to, sums, sums + n);
  });
  std::vector<float> total(2 * n, 0.0f);
  loops.addRows(partial.data(), pieces, 2 * n, total.data());
  std::copy(total.begin(), total.begin() + n, args.dGamma);
  std::copy(total.begin() + n, total.end(), args.dBeta);
}

void attention(const AttentionArgs& args) {
  const EncoderLoops loops = chosenLoops();
  const int64_t floats = attentionScratch(args);
  auto run = [&](int64_t sequence) { loops.attention(args, sequence, scratchOf(floats)); };
  parallelFor(args.batch, run);
}

void attentionGrad(const AttentionGradArgs& args) {
  const EncoderLoops loops = chosenLoops();
  const int64_t floats = attentionScratch(args.forward);
  auto run = [&](int64_t sequence) { loops.attentionGrad(args, sequence, scratchOf(floats)); };
  parallelFor(args.forward.batch, run);
}

void adamW(const AdamWArgs& args) {
  const EncoderLoops loops = chosenLoops();
  inPieces(args.size, kNumbersPerPiece, [&](int64_t from, int64_t to) { loops.adamW(args, from, to); });
}

void adamWRows(const AdamWArgs& args, const int32_t* rows, int64_t count, int64_t columns) {
  const EncoderLoops loops = chosenLoops();
  inPieces(count, rowsPerPiece(columns), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
      AdamWArgs row = args;
      row.parameter += rows[i] * columns;
      row.mean += rows[i] * columns;
      row.square += rows[i] * columns;
      row.gradient += i * columns;
      loops.adamW(row, 0, columns);
    }
  });
}

void columnSums(const float* x, int64_t rows, int64_t columns, float* out) {
  const EncoderLoops loops = chosenLoops();
  const int64_t pieces = (rows + kRowsPerSum - 1) / kRowsPerSum;
  std::vector<float> partial(columns * pieces, 0.0f);
  inPieces(rows, kRowsPerSum, [&](int64_t from, int64_t to) {
    loops.addRows(x + from * columns, to - from, columns, partial.data() + from / kRowsPerSum * columns);
  });
  std::fill(out, out + columns, 0.0f);
  loops.addRows(partial.data(), pieces, columns, out);
}

double sumOfSquares(const float* x, int64_t size) {
  std::vector<double> partial((size + kNumbersPerPiece - 1) / kNumbersPerPiece, 0.0);
  inPieces(size, kNumbersPerPiece, [&](int64_t from, int64_t to) {
    double lanes[8] = {};
    int64_t i = from;
    for (; i + 8 <= to; i += 8)
      for (int j = 0; j < 8; j++) lanes[j] += static_cast<double>(x[i + j]) * x[i + j];
    for (int j = 0; i < to; i++, j++) lanes[j] += static_cast<double>(x[i]) * x[i];
    for (const double lane : lanes) partial[from / kNumbersPerPiece] += lane;
  });
  double total = 0;
  for (const double part : partial) total += part;
  return total;
}

}  // namespace cipherprune::float32
