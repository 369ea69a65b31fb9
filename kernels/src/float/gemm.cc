#include "src/float/gemm.h"

#include <algorithm>
#include <memory>

#include "src/cpu.h"
#include "src/parallel.h"

namespace cipherprune::float32 {

namespace {

constexpr int kPortableRows = 4, kPortableColumns = 16;
constexpr int kMostTile = 14 * 32;
/** Depth and width of a packed block of B (it stays in the shared cache), height of one of A (in the core's own). */
constexpr int64_t kDepth = 256, kWidth = 768, kHeight = 84;

void runPortable(int64_t k, const float* a, const float* b, float* c, int64_t stride, bool accumulate) {
  float tile[kPortableRows][kPortableColumns] = {};
  for (int64_t p = 0; p < k; p++, a += kPortableRows, b += kPortableColumns)
    for (int i = 0; i < kPortableRows; i++)
      for (int j = 0; j < kPortableColumns; j++) tile[i][j] += a[i] * b[j];
  for (int i = 0; i < kPortableRows; i++)
    for (int j = 0; j < kPortableColumns; j++) c[i * stride + j] = accumulate ? c[i * stride + j] + tile[i][j] : tile[i][j];
}

MicroShape chosenKernel() {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return avx512MicroKernel();
  if (activeIsa() == Isa::avx2) return avx2MicroKernel();
#endif
  return portableMicroKernel();
}

/** A matrix read as [lines, depth]: element (i, p) at data[i * lineStride + p * depthStride]. */
struct View {
  const float* data;
  int64_t lineStride, depthStride;
};

/** Packs `lines` lines from `line` and `depth` columns from `from` as panels [depth][width], the last filled with zeros. */
void pack(const View& view, int64_t line, int64_t lines, int64_t from, int64_t depth, int width, float* out) {
  for (int64_t first = 0; first < lines; first += width, out += width * depth) {
    const int64_t full = std::min<int64_t>(width, lines - first);
    const float* source = view.data + (line + first) * view.lineStride + from * view.depthStride;
    if (view.lineStride == 1) {
      for (int64_t p = 0; p < depth; p++) {
        const float* row = source + p * view.depthStride;
        float* target = out + p * width;
        for (int64_t i = 0; i < full; i++) target[i] = row[i];
        for (int64_t i = full; i < width; i++) target[i] = 0;
      }
    } else {
      for (int64_t p = 0; p < depth; p++) {
        float* target = out + p * width;
        for (int64_t i = 0; i < full; i++) target[i] = source[i * view.lineStride + p];
        for (int64_t i = full; i < width; i++) target[i] = 0;
      }
    }
  }
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

/** One block of rows of C against the packed block of B. */
void multiplyBlock(const MicroShape& micro, const float* packedA, const float* packedB, int64_t rows, int64_t columns,
                   int64_t depth, float* c, int64_t stride, bool accumulate) {
  float tile[kMostTile];
  for (int64_t j = 0; j < columns; j += micro.columns) {
    const float* panelB = packedB + j * depth;
    const int64_t width = std::min<int64_t>(micro.columns, columns - j);
    for (int64_t i = 0; i < rows; i += micro.rows) {
      const float* panelA = packedA + i * depth;
      const int64_t height = std::min<int64_t>(micro.rows, rows - i);
      float* target = c + i * stride + j;
      if (height == micro.rows && width == micro.columns) {
        micro.run(depth, panelA, panelB, target, stride, accumulate);
        continue;
      }
      micro.run(depth, panelA, panelB, tile, micro.columns, false);
      for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++) {
          const float value = tile[y * micro.columns + x];
          target[y * stride + x] = accumulate ? target[y * stride + x] + value : value;
        }
    }
  }
}

void fillWithBias(const Gemm& g) {
  for (int64_t i = 0; i < g.m; i++) std::copy(g.bias, g.bias + g.n, g.c + i * g.n);
}

}  // namespace

MicroShape portableMicroKernel() { return {kPortableRows, kPortableColumns, runPortable}; }

void gemm(const Gemm& g) {
  const MicroShape micro = chosenKernel();
  const View a = g.transposeA ? View{g.a, 1, g.m} : View{g.a, g.k, 1};
  const View b = g.transposeB ? View{g.b, g.k, 1} : View{g.b, 1, g.n};
  static thread_local Scratch scratchB;
  if (g.bias != nullptr && !g.accumulate) fillWithBias(g);
  if (g.k == 0 && g.bias == nullptr && !g.accumulate) std::fill(g.c, g.c + g.m * g.n, 0.0f);
  const int64_t width = roundUp(kWidth, micro.columns), height = roundUp(kHeight, micro.rows);
  float* packedB = scratchB.atLeast(width * kDepth);
  for (int64_t p = 0; p < g.k; p += kDepth) {
    const int64_t depth = std::min(kDepth, g.k - p);
    const bool accumulate = g.accumulate || g.bias != nullptr || p > 0;
    for (int64_t j = 0; j < g.n; j += width) {
      const int64_t columns = std::min(width, g.n - j);
      const int64_t panels = (columns + micro.columns - 1) / micro.columns;
      auto packPanels = [&](int64_t group) {
        const int64_t first = group * 4, last = std::min(panels, first + 4);
        const int64_t line = first * micro.columns;
        pack(b, j + line, std::min(columns, last * micro.columns) - line, p, depth, micro.columns, packedB + line * depth);
      };
      parallelFor((panels + 3) / 4, packPanels);
      auto multiplyRows = [&](int64_t block) {
        static thread_local Scratch scratchA;
        float* packedA = scratchA.atLeast(height * kDepth);
        const int64_t row = block * height, rows = std::min(height, g.m - row);
        pack(a, row, rows, p, depth, micro.rows, packedA);
        multiplyBlock(micro, packedA, packedB, rows, columns, depth, g.c + row * g.n + j, g.n, accumulate);
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
