// Products of small matrices that are in the cache already, unpacked: sixteen columns of a few rows in registers. Vectors
// of the compiler, so that one text serves every instruction set.
#include <stdint.h>

namespace cipherprune::float32 {

namespace {

typedef float FloatLanes __attribute__((vector_size(64)));
typedef float UnalignedLanes __attribute__((vector_size(64), aligned(4), may_alias));

constexpr int kSmallColumns = 16, kSmallRows = 4;

/** Element (i, p) at data[i * rowStride + p * depthStride]. */
struct Strided {
  const float* data;
  int64_t rowStride, depthStride;
};

/** c [kRows, 16] (+)= a [kRows, depth] · b [depth, 16]. */
template <int kRows>
inline void productTile(int64_t depth, const Strided& a, const float* b, int64_t stride, float* c, int64_t cStride,
                        bool accumulate) {
  FloatLanes sums[kRows];
  for (int i = 0; i < kRows; i++)
    sums[i] = accumulate ? *reinterpret_cast<const UnalignedLanes*>(c + i * cStride) : FloatLanes{};
  for (int64_t p = 0; p < depth; p++) {
    const FloatLanes lanes = *reinterpret_cast<const UnalignedLanes*>(b + p * stride);
#pragma GCC unroll 4
    for (int i = 0; i < kRows; i++) sums[i] += lanes * a.data[i * a.rowStride + p * a.depthStride];
  }
  for (int i = 0; i < kRows; i++) *reinterpret_cast<UnalignedLanes*>(c + i * cStride) = sums[i];
}

/** The columns that do not fill sixteen lanes. */
void productRest(int64_t rows, int64_t depth, int64_t columns, const Strided& a, const float* b, int64_t stride, float* c,
                 int64_t cStride, bool accumulate) {
  for (int64_t i = 0; i < rows; i++) {
    float sums[kSmallColumns] = {};
    for (int64_t p = 0; p < depth; p++) {
      const float factor = a.data[i * a.rowStride + p * a.depthStride];
      for (int64_t j = 0; j < columns; j++) sums[j] += factor * b[p * stride + j];
    }
    for (int64_t j = 0; j < columns; j++) c[i * cStride + j] = accumulate ? c[i * cStride + j] + sums[j] : sums[j];
  }
}

/** c [rows, columns] (+)= a [rows, depth] · b [depth, columns]. */
void product(int64_t rows, int64_t depth, int64_t columns, const Strided& a, const float* b, int64_t stride, float* c,
             int64_t cStride, bool accumulate) {
  int64_t j = 0;
  for (; j + kSmallColumns <= columns; j += kSmallColumns)
    for (int64_t i = 0; i < rows; i += kSmallRows) {
      const Strided part{a.data + i * a.rowStride, a.rowStride, a.depthStride};
      float* target = c + i * cStride + j;
      if (rows - i >= 4)
        productTile<4>(depth, part, b + j, stride, target, cStride, accumulate);
      else if (rows - i == 3)
        productTile<3>(depth, part, b + j, stride, target, cStride, accumulate);
      else if (rows - i == 2)
        productTile<2>(depth, part, b + j, stride, target, cStride, accumulate);
      else
        productTile<1>(depth, part, b + j, stride, target, cStride, accumulate);
    }
  if (j < columns) productRest(rows, depth, columns - j, a, b + j, stride, c + j, cStride, accumulate);
}

}  // namespace

}  // namespace cipherprune::float32
