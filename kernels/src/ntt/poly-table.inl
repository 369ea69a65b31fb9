// Ends poly-loops.inl's includer: the generic tile (unless the instruction set has its own) and the table of functions.

#ifndef CIPHERPRUNE_OWN_TILE
void tile(const uint32_t* a, size_t aStride, const uint32_t* b, size_t rows, size_t depth, const Modulus& modulus, uint32_t* c,
          size_t cStride) {
  const Reducer m(modulus);
  size_t r = 0;
  for (; r + 2 <= rows; r += 2) tileRows<2>(a + r, aStride, b, depth, m, c + r * cStride, cStride);
  if (r < rows) tileRows<1>(a + r, aStride, b, depth, m, c + r * cStride, cStride);
}
#endif

constexpr PolyLoops table = {forward, forwardTo, inverse, forwardColumns, inverseColumns, reduce, multiply, scale,        dot,  add,
                             subtract, permute, divideRound,   fold,           transpose, combine, residues, countInvalid, tile};
