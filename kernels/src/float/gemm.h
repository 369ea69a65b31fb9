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
  /** Rounds A and B to bfloat16 (sums stay single precision) where the processor can; see hasBfloat16(). */
  bool bfloat16;
};

/** C = op(A) op(B) (+ bias) (+ C), on all threads; the sums have the same order on any number of threads. */
void gemm(const Gemm& g);

/** `batch` products in a row: A, B and C advance by their sizes, or not at all where a stride flag is 0. */
void batchGemm(const Gemm& g, int64_t batch, bool strideA, bool strideB);

/** A matrix read as [lines, depth]: element (i, p) at data[i * lineStride + p * depthStride]; one stride is 1. */
struct View {
  const float* data;
  int64_t lineStride, depthStride;
};

/**
 * Packs [lines, depth] of a view as panels of `width` lines, each [words][width] in words of four bytes: one float, or
 * two bfloat16 that follow each other along the depth. What is beyond the matrix becomes 0.
 */
using Pack = void (*)(const View& view, int64_t lines, int64_t depth, int width, void* out);

/** The inner kernel: c [rows, columns] = base + panel a times panel b; base may be null, have a stride of 0, or be c. */
using MicroKernel = void (*)(int64_t words, const void* a, const void* b, const float* base, int64_t baseStride,
                             float* c, int64_t stride);

struct MicroShape {
  int rows, columns;
  /** Steps along the depth in one word of a panel. */
  int depthPerWord;
  Pack pack;
  MicroKernel run;
};

/** Packs words of one float. */
void packFloats(const View& view, int64_t lines, int64_t depth, int width, void* out);

MicroShape portableMicroKernel();
MicroShape avx2MicroKernel();
MicroShape avx512MicroKernel();
/** Needs AVX512_BF16. Subnormal numbers count as 0. */
MicroShape bfloat16MicroKernel();

}  // namespace cipherprune::float32
