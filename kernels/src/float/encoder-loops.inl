// The loops of encoder-ops.h, written so that any compiler turns them into vectors: fixed-width blocks, sums in
// sixteen lanes (the same order on every instruction set). Included once per instruction set; no STL here.
#include <math.h>
#include <string.h>

#include "src/float/encoder-ops.h"

namespace cipherprune::float32 {

namespace {

constexpr int kLanes = 16, kBlock = 64;
/** Columns below this weight do not take part in the maximum that softmax subtracts. */
constexpr float kMaximumFrom = 0.01f;

inline float sumLanes(const float* lanes) {
  float total = 0;
  for (int j = 0; j < kLanes; j++) total += lanes[j];
  return total;
}

inline float sumOf(const float* x, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; j++) lanes[j] += x[i + j];
  for (int j = 0; i < n; i++, j++) lanes[j] += x[i];
  return sumLanes(lanes);
}

inline float dotOf(const float* x, const float* y, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kLanes; j++) lanes[j] += x[i + j] * y[i + j];
  for (int j = 0; i < n; i++, j++) lanes[j] += x[i] * y[i];
  return sumLanes(lanes);
}

/** exp by splitting off a power of two; relative error below 2e-7; inputs are clamped to [-87, 88]. */
inline float expOf(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float power = floorf(x * 1.44269504089f + 0.5f);
  const float rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * rest + 1.3981999507e-3f;
  p = p * rest + 8.3334519073e-3f;
  p = p * rest + 4.1665795894e-2f;
  p = p * rest + 1.6666665459e-1f;
  p = p * rest + 5.0000001201e-1f;
  p = p * rest * rest + rest + 1.0f;
  const int32_t bits = (static_cast<int32_t>(power) + 127) << 23;
  float scale;
  memcpy(&scale, &bits, 4);
  return p * scale;
}

/** Abramowitz and Stegun 7.1.26: erf within 1.5e-7. `gauss` is exp(-x^2). */
inline float erfOf(float x, float gauss) {
  const float size = fabsf(x);
  const float t = 1.0f / (1.0f + 0.3275911f * size);
  const float p =
      ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
  const float value = 1.0f - p * gauss;
  return x < 0 ? -value : value;
}

void exactGelu(const float* x, int64_t n, float* y, float* dy) {
  for (int64_t i = 0; i < n; i++) {
    const float gauss = expOf(-0.5f * x[i] * x[i]);
    const float phi = 0.5f + 0.5f * erfOf(x[i] * 0.70710678f, gauss);
    y[i] = x[i] * phi;
    dy[i] = phi + x[i] * gauss * 0.39894228f;
  }
}

void exactExp(const float* x, int64_t n, float* y, float* dy) {
  for (int64_t i = 0; i < n; i++) dy[i] = y[i] = expOf(x[i]);
}

void exactTanh(const float* x, int64_t n, float* y, float* dy) {
  for (int64_t i = 0; i < n; i++) {
    const float e = expOf(-2.0f * fabsf(x[i]));
    const float t = (1.0f - e) / (1.0f + e);
    y[i] = x[i] < 0 ? -t : t;
    dy[i] = 1.0f - t * t;
  }
}

/** n <= kBlock. The segment's coefficient is chosen per power, so that there is no branch. */
void piecewise(const Curve& curve, const float* x, int64_t n, float* y, float* dy) {
  float v[kBlock] = {}, p[kBlock] = {}, d[kBlock] = {}, c[kBlock];
  for (int64_t i = 0; i < n; i++) v[i] = x[i];
  for (int power = curve.degree; power >= 0; power--) {
    const float first = curve.coefficients[0][power];
    for (int i = 0; i < kBlock; i++) c[i] = first;
    for (int s = 1; s < curve.segments; s++) {
      const float bound = curve.bounds[s - 1], value = curve.coefficients[s][power];
      for (int i = 0; i < kBlock; i++) c[i] = v[i] >= bound ? value : c[i];
    }
    for (int i = 0; i < kBlock; i++) {
      d[i] = d[i] * v[i] + p[i];
      p[i] = p[i] * v[i] + c[i];
    }
  }
  for (int s = 0; s < curve.squarings; s++)
    for (int i = 0; i < kBlock; i++) {
      d[i] = 2.0f * p[i] * d[i];
      p[i] = p[i] * p[i];
    }
  for (int64_t i = 0; i < n; i++) {
    y[i] = p[i];
    dy[i] = d[i];
  }
}

/** Value and derivative of a block of at most kBlock numbers. */
void curveBlock(const Curve& curve, const float* x, int64_t n, float* y, float* dy) {
  switch (curve.kind) {
    case CurveKind::polynomial:
      return piecewise(curve, x, n, y, dy);
    case CurveKind::exactGelu:
      return exactGelu(x, n, y, dy);
    case CurveKind::exactExp:
      return exactExp(x, n, y, dy);
    case CurveKind::exactTanh:
      return exactTanh(x, n, y, dy);
  }
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

void curveRange(const CurveArgs& args, int64_t from, int64_t to) {
  float derivative[kBlock];
  for (int64_t i = from; i < to; i += kBlock)
    curveBlock(*args.curve, args.x + i, smaller(kBlock, to - i), args.y + i,
               args.derivative != nullptr ? args.derivative + i : derivative);
}

/** weight · high + (1 - weight) · low of a block, its derivative, and high - low (for the gradient of the weight). */
void mixBlock(const Curve& high, const Curve& low, float weight, const float* x, int64_t n, float* y, float* dy,
              float* difference) {
  if (weight == 1.0f || weight == 0.0f) {
    curveBlock(weight == 1.0f ? high : low, x, n, y, dy);
    for (int64_t i = 0; i < n; i++) difference[i] = 0;
    return;
  }
  float lowY[kBlock], lowDy[kBlock];
  curveBlock(high, x, n, y, dy);
  curveBlock(low, x, n, lowY, lowDy);
  for (int64_t i = 0; i < n; i++) {
    difference[i] = y[i] - lowY[i];
    y[i] = lowY[i] + weight * difference[i];
    dy[i] = lowDy[i] + weight * (dy[i] - lowDy[i]);
  }
}

void mixRange(const MixArgs& args, int64_t from, int64_t to) {
  float dy[kBlock], difference[kBlock];
  for (int64_t row = from; row < to; row++)
    for (int64_t j = 0; j < args.columns; j += kBlock) {
      const int64_t at = row * args.columns + j;
      mixBlock(*args.high, *args.low, args.rowHigh[row], args.x + at, smaller(kBlock, args.columns - j), args.y + at, dy,
               difference);
    }
}

void mixGradRange(const MixGradArgs& args, int64_t from, int64_t to) {
  float y[kBlock], dy[kBlock], difference[kBlock];
  for (int64_t row = from; row < to; row++) {
    float weightGrad = 0;
    for (int64_t j = 0; j < args.columns; j += kBlock) {
      const int64_t at = row * args.columns + j, n = smaller(kBlock, args.columns - j);
      mixBlock(*args.high, *args.low, args.rowHigh[row], args.x + at, n, y, dy, difference);
      for (int64_t i = 0; i < n; i++) args.dx[at + i] = args.dy[at + i] * dy[i];
      weightGrad += dotOf(args.dy + at, difference, n);
    }
    args.dRowHigh[row] = weightGrad;
  }
}

/** 1 / (1 - rate) or 0 for element `index`, from a hash of the seed and the index (Murmur3's finalizer). */
inline float dropoutFactor(uint32_t seed, uint32_t index, uint32_t below, float scale) {
  uint32_t h = (index + seed) * 0x9E3779B1u;
  h ^= h >> 16;
  h *= 0x85EBCA6Bu;
  h ^= h >> 13;
  h *= 0xC2B2AE35u;
  h ^= h >> 16;
  return h < below ? 0.0f : scale;
}

struct Dropout {
  uint32_t seed, below;
  float scale;
};

Dropout dropout(uint32_t seed, float rate) {
  return {seed, static_cast<uint32_t>(static_cast<double>(rate) * 4294967295.0), 1.0f / (1.0f - rate)};
}

/** y = x · mask (· mask again gives the gradient). */
void applyDropout(const Dropout& drop, int64_t at, const float* x, int64_t n, float* y) {
  const uint32_t base = static_cast<uint32_t>(at);
  for (int64_t i = 0; i < n; i++)
    y[i] = x[i] * dropoutFactor(drop.seed, base + static_cast<uint32_t>(i), drop.below, drop.scale);
}

constexpr uint32_t kOutputSeed = 0x68E31DA4u;

void layerNormRange(const LayerNormArgs& args, int64_t from, int64_t to) {
  const int64_t n = args.columns;
  const Dropout in = dropout(args.seed, args.inputDropout), out = dropout(args.seed ^ kOutputSeed, args.outputDropout);
  for (int64_t row = from; row < to; row++) {
    const int64_t at = row * n;
    float* y = args.y + at;
    float* normalized = args.normalized + at;
    if (args.inputDropout > 0)
      applyDropout(in, at, args.x + at, n, y);
    else
      memcpy(y, args.x + at, n * sizeof(float));
    if (args.residual != nullptr)
      for (int64_t i = 0; i < n; i++) y[i] += args.residual[at + i];
    const float mean = sumOf(y, n) / n;
    for (int64_t i = 0; i < n; i++) normalized[i] = y[i] - mean;
    const float inverse = 1.0f / sqrtf(dotOf(normalized, normalized, n) / n + args.epsilon);
    const float weight = args.rowWeight != nullptr ? args.rowWeight[row] : 1.0f;
    args.inverseDeviation[row] = inverse;
    for (int64_t i = 0; i < n; i++) {
      normalized[i] *= inverse;
      y[i] = weight * (normalized[i] * args.gamma[i] + args.beta[i]);
    }
    if (args.outputDropout > 0) applyDropout(out, at, y, n, y);
  }
}

void layerNormGradRange(const LayerNormGradArgs& args, int64_t from, int64_t to, float* dGamma, float* dBeta) {
  const int64_t n = args.columns;
  const Dropout in = dropout(args.seed, args.inputDropout), out = dropout(args.seed ^ kOutputSeed, args.outputDropout);
  for (int64_t row = from; row < to; row++) {
    const int64_t at = row * n;
    float* dx = args.dx + at;
    float* dSum = args.dResidual + at;
    const float* normalized = args.normalized + at;
    if (args.outputDropout > 0)
      applyDropout(out, at, args.dy + at, n, dx);
    else
      memcpy(dx, args.dy + at, n * sizeof(float));
    const float weight = args.rowWeight != nullptr ? args.rowWeight[row] : 1.0f;
    if (args.dRowWeight != nullptr) {
      for (int64_t i = 0; i < n; i++) dSum[i] = normalized[i] * args.gamma[i] + args.beta[i];
      args.dRowWeight[row] = dotOf(dx, dSum, n);
    }
    for (int64_t i = 0; i < n; i++) {
      const float g = weight * dx[i];
      dGamma[i] += g * normalized[i];
      dBeta[i] += g;
      dSum[i] = g * args.gamma[i];
    }
    const float mean = sumOf(dSum, n) / n, along = dotOf(dSum, normalized, n) / n;
    const float inverse = args.inverseDeviation[row];
    for (int64_t i = 0; i < n; i++) dSum[i] = inverse * (dSum[i] - mean - normalized[i] * along);
    if (args.inputDropout > 0)
      applyDropout(in, at, dSum, n, dx);
    else
      memcpy(dx, dSum, n * sizeof(float));
  }
}

inline int64_t paddedTo16(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/** out [size, padded] = transpose of x [tokens, stride] (its first `size` columns), zeros in the padding. */
void transposeHead(const float* x, int64_t tokens, int64_t stride, int64_t size, int64_t padded, float* out) {
  memset(out, 0, size * padded * sizeof(float));
  for (int64_t i = 0; i < tokens; i++)
    for (int64_t c = 0; c < size; c++) out[c * padded + i] = x[i * stride + c];
}

/** out [padded] = sum over c of row[c] · transposed[c]. */
void rowTimes(const float* row, const float* transposed, int64_t size, int64_t padded, float* out) {
  for (int64_t from = 0; from < padded; from += kLanes) {
    float lanes[kLanes] = {};
    for (int64_t c = 0; c < size; c++)
      for (int j = 0; j < kLanes; j++) lanes[j] += row[c] * transposed[c * padded + from + j];
    memcpy(out + from, lanes, sizeof(lanes));
  }
}

inline void addScaled(float factor, const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

/** Row-wise state of one softmax: e, its derivative by the input, high - low, and 1 / sum(weight · e). */
struct SoftmaxRow {
  float *e, *derivative, *difference;
};

float softmaxRow(const Curve& high, const Curve& low, float rowHigh, const float* weight, const float* shifted,
                 int64_t tokens, SoftmaxRow row) {
  for (int64_t i = 0; i < tokens; i += kBlock)
    mixBlock(high, low, rowHigh, shifted + i, smaller(kBlock, tokens - i), row.e + i, row.derivative + i,
             row.difference + i);
  return 1.0f / dotOf(weight, row.e, tokens);
}

/** shifted = min(scale · s - max, 0), the maximum over columns of some weight; columns of weight 0 become 0. */
void shiftByMaximum(const float* s, const float* weight, float scale, int64_t tokens, float* shifted) {
  float highest = -3.0e38f;
  for (int64_t i = 0; i < tokens; i++)
    if (weight[i] >= kMaximumFrom && s[i] > highest) highest = s[i];
  for (int64_t i = 0; i < tokens; i++) {
    const float value = scale * (s[i] - highest);
    shifted[i] = value < 0 && weight[i] > 0 ? value : 0.0f;
  }
}

/** Scratch: two transposed heads [headSize, padded] and eight rows of `padded`. */
struct AttentionScratch {
  float *transposed, *transposedToo, *rows;
  AttentionScratch(float* scratch, int64_t headSize, int64_t padded)
      : transposed(scratch),
        transposedToo(scratch + headSize * padded),
        rows(scratch + 2 * headSize * padded) {}
};

void attentionOf(const AttentionArgs& args, int64_t sequence, float* scratch) {
  const int64_t n = args.tokens, d = args.headSize, hidden = args.heads * d, padded = paddedTo16(n);
  const AttentionScratch space(scratch, d, padded);
  float* s = space.rows;
  const SoftmaxRow row{s + padded, s + 2 * padded, s + 3 * padded};
  const float* weight = args.columnWeight + sequence * n;
  const bool scored = args.scores != nullptr && args.queries == n;
  float* scores = scored ? args.scores + sequence * n : nullptr;
  const float scale = 1.0f / sqrtf(static_cast<float>(d));
  const Dropout drop = dropout(args.seed, args.dropout);
  if (scored) memset(scores, 0, n * sizeof(float));
  for (int64_t head = 0; head < args.heads; head++) {
    const int64_t column = head * d, base = sequence * n * hidden + column;
    transposeHead(args.k + base, n, hidden, d, padded, space.transposed);
    for (int64_t j = 0; j < args.queries; j++) {
      const int64_t at = (sequence * args.queries + j) * hidden + column;
      float* shifted = args.shifted + ((sequence * args.heads + head) * args.queries + j) * n;
      float* context = args.context + at;
      memset(context, 0, d * sizeof(float));
      if (weight[j] == 0) {
        memset(shifted, 0, n * sizeof(float));
        continue;
      }
      rowTimes(args.q + at, space.transposed, d, padded, s);
      shiftByMaximum(s, weight, scale, n, shifted);
      const float inverse =
          softmaxRow(*args.high, *args.low, args.rowHigh[sequence * args.queries + j], weight, shifted, n, row);
      for (int64_t i = 0; i < n; i++) row.e[i] *= weight[i] * inverse;
      if (scored) addScaled(weight[j] / args.heads, row.e, n, scores);
      if (args.dropout > 0) applyDropout(drop, shifted - args.shifted, row.e, n, row.e);
      for (int64_t i = 0; i < n; i++)
        if (row.e[i] != 0) addScaled(row.e[i], args.v + base + i * hidden, d, context);
    }
  }
}

/** Where the row's maximum was: the first column of shift 0 among those that the maximum was taken over. */
int64_t maximumColumn(const float* shifted, const float* weight, int64_t tokens) {
  for (int64_t i = 0; i < tokens; i++)
    if (shifted[i] == 0 && weight[i] >= kMaximumFrom) return i;
  return 0;
}

void attentionGradOf(const AttentionGradArgs& args, int64_t sequence, float* scratch) {
  const AttentionArgs& f = args.forward;
  const int64_t n = f.tokens, d = f.headSize, hidden = f.heads * d, padded = paddedTo16(n);
  const AttentionScratch space(scratch, d, padded);
  float* dp = space.rows;
  const SoftmaxRow row{dp + padded, dp + 2 * padded, dp + 3 * padded};
  float *p = dp + 4 * padded, *dropped = dp + 5 * padded;
  const float* weight = f.columnWeight + sequence * n;
  const float* dScores = args.dScores != nullptr && f.queries == n ? args.dScores + sequence * n : nullptr;
  const float scale = 1.0f / sqrtf(static_cast<float>(d));
  const Dropout drop = dropout(f.seed, f.dropout);
  float* dWeight = args.dColumnWeight + sequence * n;
  float* dRowHigh = args.dRowHigh + sequence * f.queries;
  memset(dWeight, 0, n * sizeof(float));
  memset(dRowHigh, 0, f.queries * sizeof(float));
  memset(args.dq + sequence * f.queries * hidden, 0, f.queries * hidden * sizeof(float));
  memset(args.dk + sequence * n * hidden, 0, n * hidden * sizeof(float));
  memset(args.dv + sequence * n * hidden, 0, n * hidden * sizeof(float));
  for (int64_t head = 0; head < f.heads; head++) {
    const int64_t column = head * d, base = sequence * n * hidden + column;
    transposeHead(f.v + base, n, hidden, d, padded, space.transposed);
    for (int64_t j = 0; j < f.queries; j++) {
      if (weight[j] == 0) continue;
      const int64_t at = (sequence * f.queries + j) * hidden + column;
      const float* shifted = f.shifted + ((sequence * f.heads + head) * f.queries + j) * n;
      const float inverse = softmaxRow(*f.high, *f.low, f.rowHigh[sequence * f.queries + j], weight, shifted, n, row);
      for (int64_t i = 0; i < n; i++) p[i] = weight[i] * row.e[i] * inverse;
      rowTimes(args.dContext + at, space.transposed, d, padded, dp);
      memcpy(dropped, p, n * sizeof(float));
      if (f.dropout > 0) {
        applyDropout(drop, shifted - f.shifted, dp, n, dp);
        applyDropout(drop, shifted - f.shifted, p, n, dropped);
      }
      if (dScores != nullptr) {
        addScaled(weight[j] / f.heads, dScores, n, dp);
        dWeight[j] += dotOf(p, dScores, n) / f.heads;
      }
      const float mean = dotOf(p, dp, n);
      for (int64_t i = 0; i < n; i++)
        if (dropped[i] != 0) addScaled(dropped[i], args.dContext + at, d, args.dv + base + i * hidden);
      for (int64_t i = 0; i < n; i++) {
        const float g = (dp[i] - mean) * inverse;
        dWeight[i] += row.e[i] * g;
        dp[i] = weight[i] * g;
      }
      dRowHigh[j] += dotOf(dp, row.difference, n);
      // Columns above the maximum (of next to no weight) were clamped to it and have no slope.
      const int64_t highest = maximumColumn(shifted, weight, n);
      for (int64_t i = 0; i < n; i++) dp[i] *= shifted[i] < 0 || i == highest ? row.derivative[i] : 0.0f;
      dp[highest] -= sumOf(dp, n);
      for (int64_t i = 0; i < n; i++) {
        if (weight[i] == 0) continue;
        addScaled(scale * dp[i], f.k + base + i * hidden, d, args.dq + at);
        addScaled(scale * dp[i], f.q + at, d, args.dk + base + i * hidden);
      }
    }
  }
}

void adamWRange(const AdamWArgs& args, int64_t from, int64_t to) {
  const float keep = 1.0f - args.rate * args.decay;
  for (int64_t i = from; i < to; i++) {
    const float g = args.gradient[i] * args.gradientScale;
    const float m = args.beta1 * args.mean[i] + (1.0f - args.beta1) * g;
    const float v = args.beta2 * args.square[i] + (1.0f - args.beta2) * g * g;
    args.mean[i] = m;
    args.square[i] = v;
    args.parameter[i] =
        keep * args.parameter[i] - args.rate * (m * args.correction1) / (sqrtf(v * args.correction2) + args.epsilon);
  }
}

void addRowsTo(const float* x, int64_t rows, int64_t columns, float* out) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) out[j] += x[i * columns + j];
}

void addRange(const PairArgs& args, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) args.out[i] = args.x[i] + args.y[i];
}

void multiplyRange(const PairArgs& args, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) args.out[i] = args.x[i] * args.y[i];
}

EncoderLoops loopsOfThisFile() {
  return {addRange, multiplyRange, curveRange,         mixRange,    mixGradRange,    layerNormRange,
          layerNormGradRange, attentionOf, attentionGradOf, adamWRange,
          addRowsTo};
}

}  // namespace

}  // namespace cipherprune::float32
