// Matrix products modulo 2^bits. The right factor is copied panel by panel (24 columns by at most 512 rows, 96 KB: it
// stays in the second-level cache) and every row of the left factor passes over the panel.
#include <algorithm>
#include <cstring>
#include <vector>

#include "ring-isa.h"
#include "ring-stream.h"
#include "src/base/cpu.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

constexpr size_t panelRows = 512;

void tilePortable(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride) {
  for (size_t r = 0; r < rows; r++) {
    uint64_t sums[ringPanelColumns] = {};
    for (size_t i = 0; i < depth; i++) {
      const uint64_t a = x[r * xStride + i];
      for (size_t c = 0; c < ringPanelColumns; c++) sums[c] += a * panel[i * ringPanelColumns + c];
    }
    for (size_t c = 0; c < columns; c++) {
      uint64_t& target = out[r * outStride + c];
      target = (sums[c] + (accumulate ? target : 0)) & mask;
    }
  }
}

RingTile tileFor(int bits, bool narrowEntries) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return bits <= 52 ? ringTileIfma : ringTileAvx512;
  if (activeIsa() == Isa::avx2) return narrowEntries ? ringTileNarrowAvx2 : ringTileAvx2;
#endif
  return tilePortable;
}

template <class Entry>
void fillPanel(const Entry* y, size_t stride, size_t rows, size_t columns, uint64_t* panel) {
  for (size_t i = 0; i < rows; i++, y += stride, panel += ringPanelColumns) {
    for (size_t c = 0; c < columns; c++) panel[c] = static_cast<uint64_t>(static_cast<int64_t>(y[c]));
    for (size_t c = columns; c < ringPanelColumns; c++) panel[c] = 0;
  }
}

void fillPanel(const int16_t* y, size_t stride, size_t rows, size_t columns, uint64_t* panel) {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return ringPanelAvx512(y, stride, rows, columns, panel);
#endif
  fillPanel<int16_t>(y, stride, rows, columns, panel);
}

/** Columns of a matrix that has `stride` of them. */
struct Columns {
  size_t count, stride;
};

template <class Entry>
void product(const uint64_t* x, const Entry* y, size_t n, size_t k, Columns m, int bits, RingTile tile, uint64_t* panel,
             uint64_t* out) {
  const uint64_t mask = ringMaskOf(bits);
  for (size_t r = 0; k == 0 && r < n; r++) std::fill_n(out + r * m.stride, m.count, 0);
  for (size_t top = 0; top < k; top += panelRows) {
    const size_t depth = k - top < panelRows ? k - top : panelRows;
    for (size_t left = 0; left < m.count; left += ringPanelColumns) {
      const size_t columns = m.count - left < ringPanelColumns ? m.count - left : ringPanelColumns;
      fillPanel(y + top * m.stride + left, m.stride, depth, columns, panel);
      tile(x + top, k, panel, n, depth, columns, mask, top > 0, out + left, m.stride);
    }
  }
}

/** Multiply-adds below which another thread costs more than it saves: about a millisecond's. */
constexpr size_t leastWork = size_t{1} << 25;

}  // namespace

void ringMatmul(const uint64_t* x, const uint64_t* y, size_t batch, size_t n, size_t k, size_t m, int bits,
                uint64_t* out) {
  std::vector<uint64_t> panel(panelRows * ringPanelColumns);
  for (size_t b = 0; b < batch; b++)
    product(x + b * n * k, y + b * k * m, n, k, {m, m}, bits, tileFor(bits, false), panel.data(), out + b * n * m);
}

void ringMatmulPanels(const uint64_t* x, const RingPanels& w, size_t n, size_t k, size_t m, int bits, bool adds, uint64_t* out) {
  const uint64_t mask = ringMaskOf(bits);
  const RingTile tile = tileFor(bits, false);
  std::vector<uint64_t> made(panelRows * ringPanelColumns), wide(made.size());
  if (k == 0 && !adds && n * m > 0) std::memset(out, 0, n * m * sizeof(uint64_t));
  for (size_t left = 0; left < m; left += ringPanelColumns) {
    const size_t columns = m - left < ringPanelColumns ? m - left : ringPanelColumns;
    for (size_t top = 0; top < k; top += panelRows) {
      const size_t depth = k - top < panelRows ? k - top : panelRows;
      const uint64_t* panel = w(k * left + top * columns, depth * columns, made.data());
      if (columns < ringPanelColumns) {
        fillPanel(panel, columns, depth, columns, wide.data());
        panel = wide.data();
      }
      tile(x + top, k, panel, n, depth, columns, mask, adds || top > 0, out + left, m);
    }
  }
}

void ringMatmulInt16(const uint64_t* x, const int16_t* w, size_t n, size_t k, size_t m, int bits, size_t threads, uint64_t* out) {
  const RingTile tile = tileFor(bits, true);
  const size_t panels = (m + ringPanelColumns - 1) / ringPanelColumns;
  // Panels of a thread lie side by side.
  const size_t parts = n * k * m < leastWork ? 1 : std::min(threads, panels);
  splitWork(parts, parts, [&](size_t part, size_t) {
    std::vector<uint64_t> panel(panelRows * ringPanelColumns);
    const size_t begin = panels * part / parts * ringPanelColumns, end = std::min(m, panels * (part + 1) / parts * ringPanelColumns);
    product(x, w + begin, n, k, {end - begin, m}, bits, tile, panel.data(), out + begin);
  });
}

}  // namespace cipherprune
