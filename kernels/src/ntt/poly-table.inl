// Ends poly-loops.inl's includer: the generic products (unless the instruction set has its own) and the table of functions.

#ifndef CIPHERPRUNE_OWN_LOOPS
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

void unpack(const uint8_t* bytes, size_t count, uint32_t* out) {
  constexpr uint64_t mask = (uint64_t{1} << primeBits) - 1;
  for (size_t i = 0; i < count; i += 4, bytes += 13) {
    uint64_t low, high;
    __builtin_memcpy(&low, bytes, 8);
    __builtin_memcpy(&high, bytes + 5, 8);
    high >>= 24;
    out[i] = static_cast<uint32_t>(low & mask);
    out[i + 1] = static_cast<uint32_t>(low >> 26 & mask);
    out[i + 2] = static_cast<uint32_t>((low >> 52 | high << 12) & mask);
    out[i + 3] = static_cast<uint32_t>(high >> 14 & mask);
  }
}

size_t keepResidues(const uint8_t* bytes, size_t words, const Modulus& modulus, size_t count, uint32_t* out) {
  return keepSome(bytes, words, modulus, count, out);
}

void combineEach(const uint32_t* x, size_t xStride, size_t terms, const Combination* combinations, size_t moduli, size_t count, uint32_t* out,
                 size_t outStride) {
  for (size_t k = 0; k < moduli; k++) {
    const Combination& c = combinations[k];
    combine(x, xStride, c.factors, terms, c.addend, count, *c.modulus, out + k * outStride);
  }
}
#endif

constexpr PolyLoops table = {forward, forwardTo, forwardLow, inverse, forwardColumns, inverseColumns, inverseColumnsLast,
                             reduce, multiply, scale, dot, dotPair, add, subtract, divideRound, fold, transpose, combine, combineEach, residues, unpack, keepResidues,
                             countInvalid, tile, laneProducts};
