// What the loops of encoder-ops.h are made of: sums in sixteen lanes (the same order on every instruction set), curves and
// mixes of two, dropout. Written so that any compiler turns them into vectors; no STL here.
#include <math.h>
#include <string.h>

#include "encoder-ops.h"

namespace cipherprune::float32 {

namespace {

constexpr int kLanes = 16, kBlock = 64;

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

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

/** x (1 + tanh(k (x + a x^3))) / 2 with k = sqrt(2 / pi), a = 0.044715 (Hendrycks and Gimpel, arXiv 1606.08415). */
void exactGeluTanh(const float* x, int64_t n, float* y, float* dy) {
  constexpr float k = 0.79788456f, a = 0.044715f;
  for (int64_t i = 0; i < n; i++) {
    const float square = x[i] * x[i];
    const float inner = k * x[i] * (1.0f + a * square);
    const float e = expOf(-2.0f * fabsf(inner));
    const float size = (1.0f - e) / (1.0f + e);
    const float t = inner < 0 ? -size : size;
    y[i] = 0.5f * x[i] * (1.0f + t);
    dy[i] = 0.5f * (1.0f + t) + 0.5f * x[i] * (1.0f - t * t) * k * (1.0f + 3.0f * a * square);
  }
}

/** n <= kBlock; without kSlope dy is not touched. A segment's coefficient is chosen per power, so there is no branch. */
template <bool kSlope>
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
      if (kSlope) d[i] = d[i] * v[i] + p[i];
      p[i] = p[i] * v[i] + c[i];
    }
  }
  for (int s = 0; s < curve.squarings; s++)
    for (int i = 0; i < kBlock; i++) {
      if (kSlope) d[i] = 2.0f * p[i] * d[i];
      p[i] = p[i] * p[i];
    }
  for (int64_t i = 0; i < n; i++) {
    y[i] = p[i];
    if (kSlope) dy[i] = d[i];
  }
}

/** Value and derivative of a block of at most kBlock numbers; without kSlope dy is scratch. */
template <bool kSlope>
void curveBlock(const Curve& curve, const float* x, int64_t n, float* y, float* dy) {
  switch (curve.kind) {
    case CurveKind::polynomial:
      return piecewise<kSlope>(curve, x, n, y, dy);
    case CurveKind::exactGelu:
      return exactGelu(x, n, y, dy);
    case CurveKind::exactExp:
      return exactExp(x, n, y, dy);
    case CurveKind::exactTanh:
      return exactTanh(x, n, y, dy);
    case CurveKind::exactGeluTanh:
      return exactGeluTanh(x, n, y, dy);
  }
}

/**
 * weight · high + (1 - weight) · low of a block; with kSlope also its derivative, and high - low (for the gradient of the
 * weight), else dy and difference are scratch.
 */
template <bool kSlope>
void mixBlock(const Curve& high, const Curve& low, float weight, const float* x, int64_t n, float* y, float* dy,
              float* difference) {
  if (weight == 1.0f || weight == 0.0f) {
    curveBlock<kSlope>(weight == 1.0f ? high : low, x, n, y, dy);
    if (kSlope)
      for (int64_t i = 0; i < n; i++) difference[i] = 0;
    return;
  }
  float lowY[kBlock], lowDy[kBlock];
  curveBlock<kSlope>(high, x, n, y, dy);
  curveBlock<kSlope>(low, x, n, lowY, lowDy);
  for (int64_t i = 0; i < n; i++) {
    difference[i] = y[i] - lowY[i];
    y[i] = lowY[i] + weight * difference[i];
    if (kSlope) dy[i] = lowDy[i] + weight * (dy[i] - lowDy[i]);
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

}  // namespace

}  // namespace cipherprune::float32
