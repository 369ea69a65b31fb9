// A function of one variable as the encoder uses it: an exact one, or a piecewise polynomial that may be squared
// some times (exp(x) ~ (1 + x / 2^r)^(2^r)). The numbers come from methods/curves.ts.
#pragma once
#include <cstdint>

namespace cipherprune::float32 {

enum class CurveKind : int { polynomial = 0, exactGelu = 1, exactExp = 2, exactTanh = 3, exactGeluTanh = 4 };

constexpr int kMostSegments = 16, kMostDegree = 12;

struct Curve {
  CurveKind kind;
  int squarings, segments, degree;
  /** Segment s holds from bounds[s - 1] (included) to bounds[s]. */
  float bounds[kMostSegments];
  /** Lowest power first. */
  float coefficients[kMostSegments][kMostDegree + 1];
};

}  // namespace cipherprune::float32
