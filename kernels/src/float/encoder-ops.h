// Forward and backward passes of a BERT encoder's non-linear parts with soft pruning masks, one call per tensor.
// Every function's rows or sequences are independent, so they run on all threads with the same bits.
#pragma once
#include <cstdint>

#include "curve.h"

namespace cipherprune::float32 {

/** y = curve(x); `derivative` may be null. */
struct CurveArgs {
  const Curve* curve;
  int64_t size;
  const float* x;
  float* y;
  float* derivative;
};

/** y[i] = weight · high(x[i]) + (1 - weight) · low(x[i]) with one weight a row (its importance mask). */
struct MixArgs {
  const Curve* high;
  const Curve* low;
  int64_t rows, columns;
  const float* x;
  const float* rowHigh;
  float* y;
};

struct MixGradArgs {
  const Curve* high;
  const Curve* low;
  int64_t rows, columns;
  const float *x, *rowHigh, *dy;
  float *dx, *dRowHigh;
};

/** y = rowWeight · dropout(gamma · normalize(dropout(x) + residual) + beta). Residual and rowWeight may be null. */
struct LayerNormArgs {
  int64_t rows, columns;
  const float *x, *residual, *gamma, *beta, *rowWeight;
  float epsilon, inputDropout, outputDropout;
  uint32_t seed;
  /** Saved for the gradient: normalize(…) [rows, columns] and 1 / standard deviation [rows]. */
  float *y, *normalized, *inverseDeviation;
};

struct LayerNormGradArgs {
  int64_t rows, columns;
  const float *dy, *normalized, *inverseDeviation, *gamma, *beta, *rowWeight;
  float inputDropout, outputDropout;
  uint32_t seed;
  /** dResidual is the gradient of the sum; dx the same through the dropout. dRowWeight may be null. */
  float *dx, *dResidual, *dGamma, *dBeta, *dRowWeight;
};

/** What a curve of softmax gets of a row's logits: they less nothing, the largest of them, or their mean. */
enum class RowShift { none, maximum, mean };

/** Rows of a head's attention that are computed together. */
constexpr int64_t kAttentionRows = 32;

/**
 * Attention of sequences that follow each other in rows: sequence b has the token rows starts[b] … starts[b + 1] - 1. Its
 * query rows are the same ones or, with firstOnly, row b alone, which stands for its first token. Per head:
 * e = mix of high and low exp of the shifted logits by the row's importance, p = columnWeight · e / sum(columnWeight · e).
 * A row whose own columnWeight is 0 (padding, pruned) is skipped. scores = mean over heads of the column sums of p
 * over rows, each row times its own columnWeight; not computed with firstOnly.
 */
struct AttentionArgs {
  const Curve* high;
  const Curve* low;
  int64_t batch, heads, headSize;
  /** [batch + 1]; the same sums over heads · queries · tokens, for `logits`. */
  const int64_t *starts, *pairs;
  bool firstOnly;
  RowShift highShift, lowShift;
  /** 0: scores are attention received. Else they are counts without slope: see addHalvings. */
  float mostHalvings;
  const float *q, *k, *v, *columnWeight, *rowHigh;
  /** Dropout of p on its way to the context (the scores see p itself). */
  float dropout;
  uint32_t seed;
  /** logits, per sequence [heads, queries, tokens]: saved for the gradient. */
  float *context, *scores, *logits;
};

struct AttentionGradArgs {
  AttentionArgs forward;
  /** dScores may be null. */
  const float *dContext, *dScores;
  float *dq, *dk, *dv, *dColumnWeight, *dRowHigh;
};

struct AdamWArgs {
  int64_t size;
  float *parameter, *mean, *square;
  const float* gradient;
  float gradientScale, rate, beta1, beta2, epsilon, decay, correction1, correction2;
};

/** out = x + y, or x · y, element by element. */
struct PairArgs {
  int64_t size;
  const float *x, *y;
  float* out;
};

void addPairs(const PairArgs& args);
void multiplyPairs(const PairArgs& args);
void applyCurve(const CurveArgs& args);
void mixRows(const MixArgs& args);
void mixRowsGrad(const MixGradArgs& args);
void layerNorm(const LayerNormArgs& args);
void layerNormGrad(const LayerNormGradArgs& args);
void attention(const AttentionArgs& args);
void attentionGrad(const AttentionGradArgs& args);
/** Decoupled weight decay (Loshchilov and Hutter, 2019), in place. */
void adamW(const AdamWArgs& args);
/** The same for some rows of a table [*, columns]: gradient is [rows, columns]; other rows stay as they are. */
void adamWRows(const AdamWArgs& args, const int32_t* rows, int64_t count, int64_t columns);
/** out[j] = sum over rows of x [rows, columns]. */
void columnSums(const float* x, int64_t rows, int64_t columns, float* out);
/** Sum of squares in double precision, in a fixed order. */
double sumOfSquares(const float* x, int64_t size);

/** The loops behind, once per instruction set. */
struct EncoderLoops {
  void (*add)(const PairArgs&, int64_t from, int64_t to);
  void (*multiply)(const PairArgs&, int64_t from, int64_t to);
  void (*curve)(const CurveArgs&, int64_t from, int64_t to);
  void (*mix)(const MixArgs&, int64_t from, int64_t to);
  void (*mixGrad)(const MixGradArgs&, int64_t from, int64_t to);
  void (*layerNorm)(const LayerNormArgs&, int64_t from, int64_t to);
  void (*layerNormGrad)(const LayerNormGradArgs&, int64_t from, int64_t to, float* dGamma, float* dBeta);
  void (*attention)(const AttentionArgs&, int64_t sequence, float* scratch);
  void (*attentionGrad)(const AttentionGradArgs&, int64_t sequence, float* scratch);
  void (*adamW)(const AdamWArgs&, int64_t from, int64_t to);
  void (*addRows)(const float* x, int64_t rows, int64_t columns, float* out);
};

EncoderLoops portableEncoderLoops();
EncoderLoops avx2EncoderLoops();
EncoderLoops avx512EncoderLoops();

}  // namespace cipherprune::float32
