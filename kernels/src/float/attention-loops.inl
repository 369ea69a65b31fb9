// Attention forward and backward, one sequence a call; part of encoder-loops.inl. Per head, rows are taken in chunks:
// scores, probabilities and their gradients of a chunk are small matrices, and everything around the softmax is a product.
#include "loop-basics.inl"
#include "small-product.inl"

namespace cipherprune::float32 {

namespace {

/** Columns below this weight do not take part in the maximum that softmax subtracts. */
constexpr float kMaximumFrom = 0.01f;

inline int64_t paddedTo16(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/** out [size, padded] = transpose of x [tokens, stride] (its first `size` columns), zeros in the padding. */
void transposeHead(const float* x, int64_t tokens, int64_t stride, int64_t size, int64_t padded, float* out) {
  for (int64_t c = 0; c < size; c++) {
    for (int64_t i = 0; i < tokens; i++) out[c * padded + i] = x[i * stride + c];
    for (int64_t i = tokens; i < padded; i++) out[c * padded + i] = 0;
  }
}

inline void addScaled(float factor, const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

/** The largest logit of columns of some weight, or the mean of all, weighted; 0 where nothing is subtracted. */
float centreOf(RowShift shift, const float* logits, const float* weight, int64_t tokens) {
  if (shift == RowShift::none) return 0;
  if (shift == RowShift::mean) return dotOf(weight, logits, tokens) / sumOf(weight, tokens);
  float highest = -3.0e38f;
  for (int64_t i = 0; i < tokens; i++) {
    const float value = weight[i] >= kMaximumFrom ? logits[i] : -3.0e38f;
    highest = value > highest ? value : highest;
  }
  return highest;
}

/** shifted = logits - centre, at most 0 below a maximum; columns of weight 0 become 0. */
void shiftRow(RowShift shift, float centre, const float* logits, const float* weight, int64_t tokens, float* shifted) {
  const bool isMaximum = shift == RowShift::maximum;
  for (int64_t i = 0; i < tokens; i++) {
    const float value = logits[i] - centre;
    const float bounded = isMaximum && value > 0 ? 0.0f : value;
    shifted[i] = weight[i] > 0 ? bounded : 0.0f;
  }
}

/** One degree of a softmax row: how much of it there is, what its curve gets, the curve's values and slopes. */
struct SoftmaxPart {
  const Curve* curve;
  RowShift shift;
  float *shifted, *value, *slope;
  float share, centre;
};

constexpr int64_t kSoftmaxRows = 7;

/** Row-wise state of one softmax: e, and its parts of high and of low degree. */
struct SoftmaxRow {
  float* e;
  SoftmaxPart parts[2];
  SoftmaxRow(const AttentionArgs& args, float* rows, int64_t padded)
      : e(rows),
        parts{{args.high, args.highShift, rows + padded, rows + 2 * padded, rows + 3 * padded, 0, 0},
              {args.low, args.lowShift, rows + 4 * padded, rows + 5 * padded, rows + 6 * padded, 0, 0}} {}
};

/** Fills the row and returns 1 / sum(weight · e). */
template <bool kSlope>
float softmaxRow(float rowHigh, const float* weight, const float* logits, int64_t tokens, SoftmaxRow& row) {
  row.parts[0].share = rowHigh;
  row.parts[1].share = 1.0f - rowHigh;
  memset(row.e, 0, tokens * sizeof(float));
  for (SoftmaxPart& part : row.parts) {
    if (part.share == 0) continue;
    part.centre = centreOf(part.shift, logits, weight, tokens);
    shiftRow(part.shift, part.centre, logits, weight, tokens, part.shifted);
    for (int64_t i = 0; i < tokens; i += kBlock)
      curveBlock<kSlope>(*part.curve, part.shifted + i, smaller(kBlock, tokens - i), part.value + i, part.slope + i);
    addScaled(part.share, part.value, tokens, row.e);
  }
  return 1.0f / dotOf(weight, row.e, tokens);
}

/** Adds -factor · min(⌊(max - s) / ln 2⌋, most + 1) of the columns that count: how little each is attended to, as BOLT counts it. */
void addHalvings(const SoftmaxPart& part, float factor, float most, const float* weight, int64_t tokens, float* scores) {
  for (int64_t i = 0; i < tokens; i++) {
    const float halvings = floorf(part.shifted[i] * -1.44269504f);
    if (weight[i] > 0) scores[i] -= factor * (halvings < most ? halvings : most + 1);
  }
}

/** Where one sequence is: its token rows, its query rows (all of them, or the first alone), its part of `logits`. */
struct Place {
  int64_t tokens, queries, tokenRow, queryRow, pairs;
  Place(const AttentionArgs& args, int64_t sequence)
      : tokens(args.starts[sequence + 1] - args.starts[sequence]),
        queries(args.firstOnly ? 1 : tokens),
        tokenRow(args.starts[sequence]),
        queryRow(args.firstOnly ? sequence : tokenRow),
        pairs(args.pairs[sequence]) {}
};

/** A transposed head [headSize, padded], two chunks [kAttentionRows, padded] and kSoftmaxRows rows. */
struct AttentionScratch {
  float *transposed, *chunk, *chunkToo, *rows;
  AttentionScratch(float* scratch, int64_t headSize, int64_t padded)
      : transposed(scratch),
        chunk(transposed + headSize * padded),
        chunkToo(chunk + kAttentionRows * padded),
        rows(chunkToo + kAttentionRows * padded) {}
};

void attentionOf(const AttentionArgs& args, int64_t sequence, float* scratch) {
  const Place at(args, sequence);
  const int64_t n = at.tokens, d = args.headSize, hidden = args.heads * d, padded = paddedTo16(n);
  const AttentionScratch space(scratch, d, padded);
  SoftmaxRow row(args, space.rows, padded);
  const float* weight = args.columnWeight + at.tokenRow;
  float* scores = args.scores != nullptr && !args.firstOnly ? args.scores + at.tokenRow : nullptr;
  const float scale = 1.0f / sqrtf(static_cast<float>(d));
  const Dropout drop = dropout(args.seed, args.dropout);
  if (scores != nullptr) memset(scores, 0, n * sizeof(float));
  for (int64_t head = 0; head < args.heads; head++) {
    const float *k = args.k + at.tokenRow * hidden + head * d, *v = args.v + at.tokenRow * hidden + head * d;
    transposeHead(k, n, hidden, d, padded, space.transposed);
    for (int64_t first = 0; first < at.queries; first += kAttentionRows) {
      const int64_t count = smaller(kAttentionRows, at.queries - first);
      const int64_t from = (at.queryRow + first) * hidden + head * d;
      product(count, d, padded, {args.q + from, hidden, 1}, space.transposed, padded, space.chunk, padded, false);
      for (int64_t j = first; j < first + count; j++) {
        float* p = space.chunk + (j - first) * padded;
        const int64_t pairs = at.pairs + (head * at.queries + j) * n;
        float* logits = args.logits + pairs;
        if (weight[j] == 0) {
          memset(logits, 0, n * sizeof(float));
          memset(p, 0, n * sizeof(float));
          continue;
        }
        for (int64_t i = 0; i < n; i++) logits[i] = scale * p[i];
        const float inverse = softmaxRow<false>(args.rowHigh[at.queryRow + j], weight, logits, n, row);
        for (int64_t i = 0; i < n; i++) p[i] = row.e[i] * weight[i] * inverse;
        if (scores != nullptr && args.mostHalvings > 0)
          addHalvings(row.parts[0], weight[j] / args.heads, args.mostHalvings, weight, n, scores);
        else if (scores != nullptr)
          addScaled(weight[j] / args.heads, p, n, scores);
        if (args.dropout > 0) applyDropout(drop, pairs, p, n, p);
      }
      product(count, n, d, {space.chunk, padded, 1}, v, hidden, args.context + from, hidden, false);
    }
  }
}

/** The first column of those that the maximum was taken over that has it. */
int64_t maximumColumn(const SoftmaxPart& part, const float* logits, const float* weight, int64_t tokens) {
  for (int64_t i = 0; i < tokens; i++)
    if (logits[i] == part.centre && weight[i] >= kMaximumFrom) return i;
  return 0;
}

/** g, the gradient by e → adds a part's gradient by the logits, and by the columns' weights through a mean. */
void addPartGrad(const SoftmaxPart& part, const float* logits, const float* weight, int64_t n, const float* g,
                 float* dLogits, float* dWeight) {
  if (part.share == 0) return;
  if (part.shift == RowShift::maximum) {
    // Columns above the maximum (of next to no weight) were clamped to it and have no slope.
    const int64_t highest = maximumColumn(part, logits, weight, n);
    float total = 0;
    for (int64_t i = 0; i < n; i++) {
      if (part.shifted[i] >= 0 && i != highest) continue;
      const float t = part.share * g[i] * part.slope[i];
      dLogits[i] += t;
      total += t;
    }
    dLogits[highest] -= total;
    return;
  }
  float total = 0;
  for (int64_t i = 0; i < n; i++) {
    const float t = part.share * g[i] * part.slope[i];
    dLogits[i] += t;
    total += t;
  }
  if (part.shift == RowShift::none) return;
  const float each = total / sumOf(weight, n);
  addScaled(-each, weight, n, dLogits);
  for (int64_t i = 0; i < n; i++) dWeight[i] -= each * (logits[i] - part.centre);
}

/** dp (by the dropped probabilities) → gradient by the logits, in place; dropped = the probabilities after dropout. */
void attentionRowGrad(const AttentionGradArgs& args, const Place& at, int64_t head, int64_t j, SoftmaxRow& row, float* dp,
                      float* dropped) {
  const AttentionArgs& f = args.forward;
  const int64_t n = at.tokens, pairs = at.pairs + (head * at.queries + j) * n;
  const float *logits = f.logits + pairs, *weight = f.columnWeight + at.tokenRow;
  float* dWeight = args.dColumnWeight + at.tokenRow;
  const Dropout drop = dropout(f.seed, f.dropout);
  const float rowHigh = f.rowHigh[at.queryRow + j];
  const float inverse = softmaxRow<true>(rowHigh, weight, logits, n, row);
  if (f.dropout > 0) applyDropout(drop, pairs, dp, n, dp);
  for (int64_t i = 0; i < n; i++) dropped[i] = weight[i] * row.e[i] * inverse;
  if (args.dScores != nullptr && !f.firstOnly && f.mostHalvings == 0) {
    const float* dScores = args.dScores + at.tokenRow;
    addScaled(weight[j] / f.heads, dScores, n, dp);
    dWeight[j] += dotOf(dropped, dScores, n) / f.heads;
  }
  const float mean = dotOf(dropped, dp, n);
  if (f.dropout > 0) applyDropout(drop, pairs, dropped, n, dropped);
  for (int64_t i = 0; i < n; i++) {
    const float g = (dp[i] - mean) * inverse;
    dWeight[i] += row.e[i] * g;
    dp[i] = weight[i] * g;
  }
  const SoftmaxPart &high = row.parts[0], &low = row.parts[1];
  if (high.share != 0 && low.share != 0)
    args.dRowHigh[at.queryRow + j] += dotOf(dp, high.value, n) - dotOf(dp, low.value, n);
  // e is not needed any more.
  float* dLogits = row.e;
  memset(dLogits, 0, n * sizeof(float));
  for (const SoftmaxPart& part : row.parts) addPartGrad(part, logits, weight, n, dp, dLogits, dWeight);
  const float scale = 1.0f / sqrtf(static_cast<float>(f.headSize));
  for (int64_t i = 0; i < n; i++) dp[i] = weight[i] != 0 ? scale * dLogits[i] : 0.0f;
}

void clearGradients(const AttentionGradArgs& args, const Place& at) {
  const int64_t hidden = args.forward.heads * args.forward.headSize;
  memset(args.dColumnWeight + at.tokenRow, 0, at.tokens * sizeof(float));
  memset(args.dRowHigh + at.queryRow, 0, at.queries * sizeof(float));
  memset(args.dk + at.tokenRow * hidden, 0, at.tokens * hidden * sizeof(float));
  memset(args.dv + at.tokenRow * hidden, 0, at.tokens * hidden * sizeof(float));
}

void attentionGradOf(const AttentionGradArgs& args, int64_t sequence, float* scratch) {
  const AttentionArgs& f = args.forward;
  const Place at(f, sequence);
  const int64_t n = at.tokens, d = f.headSize, hidden = f.heads * d, padded = paddedTo16(n);
  const AttentionScratch space(scratch, d, padded);
  SoftmaxRow row(f, space.rows, padded);
  const float* weight = f.columnWeight + at.tokenRow;
  clearGradients(args, at);
  for (int64_t head = 0; head < f.heads; head++) {
    const int64_t base = at.tokenRow * hidden + head * d;
    transposeHead(f.v + base, n, hidden, d, padded, space.transposed);
    for (int64_t first = 0; first < at.queries; first += kAttentionRows) {
      const int64_t count = smaller(kAttentionRows, at.queries - first);
      const int64_t from = (at.queryRow + first) * hidden + head * d;
      float *dp = space.chunk, *dropped = space.chunkToo;
      product(count, d, padded, {args.dContext + from, hidden, 1}, space.transposed, padded, dp, padded, false);
      for (int64_t j = 0; j < count; j++) {
        if (weight[first + j] != 0) {
          attentionRowGrad(args, at, head, first + j, row, dp + j * padded, dropped + j * padded);
        } else {
          memset(dp + j * padded, 0, n * sizeof(float));
          memset(dropped + j * padded, 0, n * sizeof(float));
        }
      }
      product(n, count, d, {dropped, 1, padded}, args.dContext + from, hidden, args.dv + base, hidden, true);
      product(count, n, d, {dp, padded, 1}, f.k + base, hidden, args.dq + from, hidden, false);
      product(n, count, d, {dp, 1, padded}, f.q + from, hidden, args.dk + base, hidden, true);
    }
  }
}

}  // namespace

}  // namespace cipherprune::float32
