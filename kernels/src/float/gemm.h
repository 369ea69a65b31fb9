// Single-precision matrix product, row-major, with packed panels (Goto and van de Geijn, "Anatomy of
// high-performance matrix multiplication", 2008).
#pragma once
#include <cstdint>

namespace cipherprune::float32 {

struct Gemm {
  bool transposeA, transposeB;
  /** C is [m, n]; A is [m, k] or, transposed, [k, m]; B is [k, n] or [n, k]; all contiguous. */
  int64_t m, n, k;
  const float* a;
  const float* b;
  float* c;
  /** Null, or n numbers that are added to every row. */
  const float* bias;
  /** Adds to C instead of overwriting it. */
  bool accumulate;
};

/** C = op(A) op(B) (+ bias) (+ C), on all threads; the sums have the same order on any number of threads. */
void gemm(const Gemm& g);

/** `batch` products in a row: A, B and C advance by their sizes, or not at all where a stride flag is 0. */
void batchGemm(const Gemm& g, int64_t batch, bool strideA, bool strideB);

/** The inner kernel: c[rows, columns] (+)= panel a [k][rows of the kernel] times panel b [k][columns of the kernel]. */
using MicroKernel = void (*)(int64_t k, const float* a, const float* b, float* c, int64_t stride, bool accumulate);

struct MicroShape {
  int rows, columns;
  MicroKernel run;
};

MicroShape portableMicroKernel();
MicroShape avx2MicroKernel();
MicroShape avx512MicroKernel();

}  // namespace cipherprune::float32
