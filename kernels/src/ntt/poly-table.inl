// Ends poly-loops.inl's includer: the generic products (unless the instruction set has its own) and the table of functions.

#ifndef CIPHERPRUNE_OWN_PRODUCTS
void tile(const uint32_t* a, size_t aStride, const uint32_t* b, size_t rows, size_t depth, const Modulus& modulus, uint32_t* c,
          size_t cStride) {
  const Reducer m(modulus);
  size_t r = 0;
  for (; r + 2 <= rows; r += 2) tileRows<2>(a + r, aStride, b, depth, m, c + r * cStride, cStride);
  if (r < rows) tileRows<1>(a + r, aStride, b, depth, m, c + r * cStride, cStride);
}

void laneProducts(const uint32_t* x, size_t rows, const uint32_t* y, size_t cols, size_t terms, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++)
      for (size_t lane = 0; lane < columns; lane += V::lanes) {
        W sum;
        for (size_t t = 0; t < terms; t++)
          sum.addProduct(V::load(x + (t * rows + r) * columns + lane), V::load(y + (t * cols + c) * columns + lane));
        m.reduceWide(sum).store(out + (r * cols + c) * columns + lane);
      }
}
#endif

constexpr PolyLoops table = {forward, forwardTo, inverse, forwardColumns, inverseColumns, inverseColumnsLast,
                             sumNodes, reduce, multiply, scale, dot, add, subtract, permute, divideRound, divideRoundPair, addScaled, shift, fold, transpose, combine, residues, countInvalid, tile,
                             laneProducts};
