// What ring.avx2.cc and ring.avx512.cc offer to ring.cc; called only where the processor has the instructions.
#pragma once
#include "ring.h"

namespace cipherprune {

extern const RingLoops ringLoopsAvx2;
extern const RingLoops ringLoopsAvx512;

/** One tile of a product: rows of x (stride k) times a packed panel of columns, written to out (stride m). A panel holds
 *  k rows of `panelColumns` words. `columns` <= panelColumns of them are real. */
using RingTile = void (*)(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth,
                          size_t columns, uint64_t mask, bool accumulate, uint64_t* out, size_t outStride);

constexpr size_t ringPanelColumns = 24;

void ringTileAvx2(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride);
/** For entries of at most 16 signed bits in the panel. */
void ringTileNarrowAvx2(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth,
                        size_t columns, uint64_t mask, bool accumulate, uint64_t* out, size_t outStride);
void ringTileAvx512(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                    uint64_t mask, bool accumulate, uint64_t* out, size_t outStride);
/** For rings of at most 52 bits: one multiply-add instruction for eight products. */
void ringTileIfma(const uint64_t* x, size_t xStride, const uint64_t* panel, size_t rows, size_t depth, size_t columns,
                  uint64_t mask, bool accumulate, uint64_t* out, size_t outStride);

/** Columns of y, `stride` entries a row, as a panel [rows, panelColumns]; what is behind `columns` is zero. */
void ringPanelAvx512(const int16_t* y, size_t stride, size_t rows, size_t columns, uint64_t* panel);

/** Whole groups of 8 elements, bits <= 57. */
void ringPackAvx512(const uint64_t* x, size_t groups, int bits, uint8_t* out);
void ringUnpackAvx512(const uint8_t* bytes, size_t groups, int bits, uint64_t* out);

}  // namespace cipherprune
