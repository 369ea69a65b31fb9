#include "gemm.h"

#include <algorithm>
#include <memory>

#include "src/base/cpu.h"
#include "src/base/parallel.h"

namespace cipherprune::float32 {

namespace {

constexpr int kPortableRows = 4, kPortableColumns = 16;
constexpr int kMostTile = 14 * 32;
/** Words deep and wide is a packed block of B (it stays in the shared cache), high one of A (in the core's own). */
constexpr int64_t kDepth = 256, kWidth = 768, kHeight = 42;

void runPortable(int64_t words, const void* panelA, const void* panelB, const float* base, int64_t baseStride, float* c,
                 int64_t stride) {
  const float* a = static_cast<const float*>(panelA);
  const float* b = static_cast<const float*>(panelB);
  float tile[kPortableRows][kPortableColumns] = {};
  for (int64_t p = 0; p < words; p++, a += kPortableRows, b += kPortableColumns)
    for (int i = 0; i < kPortableRows; i++)
      for (int j = 0; j < kPortableColumns; j++) tile[i][j] += a[i] * b[j];
  for (int i = 0; i < kPortableRows; i++)
    for (int j = 0; j < kPortableColumns; j++)
      c[i * stride + j] = base != nullptr ? base[i * baseStride + j] + tile[i][j] : tile[i][j];
}

MicroShape chosenKernel(bool bfloat16) {
#ifdef CIPHERPRUNE_X86
  if (bfloat16 && hasBfloat16()) return bfloat16MicroKernel();
  if (activeIsa() == Isa::avx512) return avx512MicroKernel();
  if (activeIsa() == Isa::avx2) return avx2MicroKernel();
#endif
  return portableMicroKernel();
}

struct Scratch {
  std::unique_ptr<float[]> data;
  int64_t size = 0;
  float* atLeast(int64_t wanted) {
    if (size < wanted) {
      data.reset(new float[wanted]);
      size = wanted;
    }
    return data.get();
  }
};

int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/** What a block of C starts from: nothing, C itself (stride of C) or the bias (stride 0). */
struct Base {
  const float* data;
  int64_t stride;
  const float* at(int64_t row, int64_t column) const { return data == nullptr ? nullptr : data + row * stride + column; }
};

/** A tile that sticks out of C is computed aside. */
void multiplyEdge(const MicroShape& micro, int64_t words, const float* panelA, const float* panelB, int64_t height,
                  int64_t width, const Base& base, float* c, int64_t stride) {
  float tile[kMostTile];
  micro.run(words, panelA, panelB, nullptr, 0, tile, micro.columns);
  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < width; x++) {
      const float value = tile[y * micro.columns + x];
      c[y * stride + x] = base.data != nullptr ? *base.at(y, x) + value : value;
    }
}

/** One block of rows of C against the packed block of B. */
void multiplyBlock(const MicroShape& micro, const float* packedA, const float* packedB, int64_t rows, int64_t columns,
                   int64_t words, const Base& base, float* c, int64_t stride) {
  for (int64_t j = 0; j < columns; j += micro.columns) {
    const float* panelB = packedB + j * words;
    const int64_t width = std::min<int64_t>(micro.columns, columns - j);
    for (int64_t i = 0; i < rows; i += micro.rows) {
      const float* panelA = packedA + i * words;
      const int64_t height = std::min<int64_t>(micro.rows, rows - i);
      float* target = c + i * stride + j;
      const Base start{base.at(i, j), base.stride};
      if (height == micro.rows && width == micro.columns)
        micro.run(words, panelA, panelB, start.data, start.stride, target, stride);
      else
        multiplyEdge(micro, words, panelA, panelB, height, width, start, target, stride);
    }
  }
}

View part(const View& view, int64_t line, int64_t depth) {
  return {view.data + line * view.lineStride + depth * view.depthStride, view.lineStride, view.depthStride};
}

}  // namespace

void packFloats(const View& view, int64_t lines, int64_t depth, int width, void* panels) {
  float* out = static_cast<float*>(panels);
  for (int64_t first = 0; first < lines; first += width)
    for (int64_t p = 0; p < depth; p++, out += width) {
      const int64_t full = std::min<int64_t>(width, lines - first);
      const float* source = view.data + first * view.lineStride + p * view.depthStride;
      if (view.lineStride == 1)
        for (int64_t i = 0; i < full; i++) out[i] = source[i];
      else
        for (int64_t i = 0; i < full; i++) out[i] = source[i * view.lineStride];
      for (int64_t i = full; i < width; i++) out[i] = 0;
    }
}

MicroShape portableMicroKernel() { return {kPortableRows, kPortableColumns, 1, packFloats, runPortable}; }

void gemm(const Gemm& g) {
  const MicroShape micro = chosenKernel(g.bfloat16);
  const View a = g.transposeA ? View{g.a, 1, g.m} : View{g.a, g.k, 1};
  const View b = g.transposeB ? View{g.b, g.k, 1} : View{g.b, 1, g.n};
  static thread_local Scratch scratchB;
  const int64_t width = roundUp(kWidth, micro.columns), height = roundUp(kHeight, micro.rows);
  const int64_t deepest = kDepth * micro.depthPerWord;
  float* packedB = scratchB.atLeast(width * kDepth);
  for (int64_t p = 0; p < g.k; p += deepest) {
    const int64_t depth = std::min(deepest, g.k - p);
    const int64_t words = (depth + micro.depthPerWord - 1) / micro.depthPerWord;
    const bool onTop = g.accumulate || p > 0;
    const Base base{onTop ? g.c : g.bias, onTop ? g.n : 0};
    for (int64_t j = 0; j < g.n; j += width) {
      const int64_t columns = std::min(width, g.n - j);
      const int64_t panels = (columns + micro.columns - 1) / micro.columns;
      auto packPanels = [&](int64_t group) {
        const int64_t first = group * 4, last = std::min(panels, first + 4);
        const int64_t line = first * micro.columns;
        const int64_t lines = std::min(columns, last * micro.columns) - line;
        micro.pack(part(b, j + line, p), lines, depth, micro.columns, packedB + line * words);
      };
      parallelFor((panels + 3) / 4, packPanels);
      auto multiplyRows = [&](int64_t block) {
        static thread_local Scratch scratchA;
        float* packedA = scratchA.atLeast(height * kDepth);
        const int64_t row = block * height, rows = std::min(height, g.m - row);
        micro.pack(part(a, row, p), rows, depth, micro.rows, packedA);
        multiplyBlock(micro, packedA, packedB, rows, columns, words, {base.at(row, j), base.stride},
                      g.c + row * g.n + j, g.n);
      };
      parallelFor((g.m + height - 1) / height, multiplyRows);
    }
  }
}

void batchGemm(const Gemm& g, int64_t batch, bool strideA, bool strideB) {
  for (int64_t i = 0; i < batch; i++) {
    Gemm one = g;
    one.a += strideA ? i * g.m * g.k : 0;
    one.b += strideB ? i * g.k * g.n : 0;
    one.c += i * g.m * g.n;
    gemm(one);
  }
}

}  // namespace cipherprune::float32
