// The loops of encoder-ops.h, included once per instruction set.
#include "attention-loops.inl"

namespace cipherprune::float32 {

namespace {

void curveRange(const CurveArgs& args, int64_t from, int64_t to) {
  float unused[kBlock];
  for (int64_t i = from; i < to; i += kBlock) {
    const int64_t n = smaller(kBlock, to - i);
    if (args.derivative != nullptr)
      curveBlock<true>(*args.curve, args.x + i, n, args.y + i, args.derivative + i);
    else
      curveBlock<false>(*args.curve, args.x + i, n, args.y + i, unused);
  }
}

void mixRange(const MixArgs& args, int64_t from, int64_t to) {
  float dy[kBlock], difference[kBlock];
  for (int64_t row = from; row < to; row++)
    for (int64_t j = 0; j < args.columns; j += kBlock) {
      const int64_t at = row * args.columns + j;
      mixBlock<false>(*args.high, *args.low, args.rowHigh[row], args.x + at, smaller(kBlock, args.columns - j),
                      args.y + at, dy, difference);
    }
}

void mixGradRange(const MixGradArgs& args, int64_t from, int64_t to) {
  float y[kBlock], dy[kBlock], difference[kBlock];
  for (int64_t row = from; row < to; row++) {
    float weightGrad = 0;
    for (int64_t j = 0; j < args.columns; j += kBlock) {
      const int64_t at = row * args.columns + j, n = smaller(kBlock, args.columns - j);
      mixBlock<true>(*args.high, *args.low, args.rowHigh[row], args.x + at, n, y, dy, difference);
      for (int64_t i = 0; i < n; i++) args.dx[at + i] = args.dy[at + i] * dy[i];
      weightGrad += dotOf(args.dy + at, difference, n);
    }
    args.dRowHigh[row] = weightGrad;
  }
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
