// The elementwise loops of ring.h, plain C++ that the compiler vectorises. Each of ring.cc, ring.avx2.cc and
// ring.avx512.cc includes this file inside an anonymous namespace, so that one text serves three instruction sets.

using Word = uint64_t;

static inline int64_t signedOf(Word x, int bits) { return static_cast<int64_t>(x << (64 - bits)) >> (64 - bits); }

static void maskLoop(const Word* x, size_t count, Word mask, Word* out) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] & mask;
}

static void addLoop(const Word* x, const Word* y, size_t outer, size_t inner, Word mask, Word* out) {
  if (inner == 1) {  // one constant
    const Word constant = y[0];
    for (size_t o = 0; o < outer; o++) out[o] = (x[o] + constant) & mask;
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner)
    for (size_t i = 0; i < inner; i++) out[i] = (x[i] + y[i]) & mask;
}

static void subtractLoop(const Word* x, const Word* y, size_t outer, size_t inner, Word mask, Word* out) {
  if (inner == 1) {  // one constant
    const Word constant = y[0];
    for (size_t o = 0; o < outer; o++) out[o] = (x[o] - constant) & mask;
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner)
    for (size_t i = 0; i < inner; i++) out[i] = (x[i] - y[i]) & mask;
}

static void negateLoop(const Word* x, size_t count, Word mask, Word* out) {
  for (size_t i = 0; i < count; i++) out[i] = (0 - x[i]) & mask;
}

static void scaleLoop(const Word* x, Word factor, size_t count, Word mask, Word* out) {
  for (size_t i = 0; i < count; i++) out[i] = (x[i] * factor) & mask;
}

static void multiplyLoop(const Word* x, const Word* y, size_t outer, size_t inner, Word mask, Word* out) {
  if (inner == 1) {  // one constant
    const Word constant = y[0];
    for (size_t o = 0; o < outer; o++) out[o] = (x[o] * constant) & mask;
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner)
    for (size_t i = 0; i < inner; i++) out[i] = (x[i] * y[i]) & mask;
}

static void multiplyRowsLoop(const Word* x, const Word* y, size_t outer, size_t inner, Word mask, Word* out) {
  if (inner == 1) {
    multiplyLoop(x, y, 1, outer, mask, out);
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner) {
    const Word factor = y[o];
    for (size_t i = 0; i < inner; i++) out[i] = (x[i] * factor) & mask;
  }
}

static void truncateLoop(const Word* x, size_t count, Word addend, int shift, Word outMask, Word* out) {
  for (size_t i = 0; i < count; i++) out[i] = ((x[i] + addend) >> shift) & outMask;
}

static void shiftRightLoop(const Word* x, size_t count, int bits, Word addend, int shift, Word outMask, Word* out) {
  const int64_t addendSigned = static_cast<int64_t>(addend);
  for (size_t i = 0; i < count; i++)
    out[i] = static_cast<Word>((signedOf(x[i], bits) + addendSigned) >> shift) & outMask;
}

static void sumLoop(const Word* x, size_t outer, size_t extent, size_t inner, Word mask, Word* out) {
  for (size_t o = 0; o < outer; o++, out += inner) {
    if (inner == 1) {
      Word total = 0;
      for (size_t e = 0; e < extent; e++) total += x[e];
      out[0] = total & mask;
      x += extent;
      continue;
    }
    for (size_t i = 0; i < inner; i++) out[i] = 0;
    for (size_t e = 0; e < extent; e++, x += inner)
      for (size_t i = 0; i < inner; i++) out[i] += x[i];
    for (size_t i = 0; i < inner; i++) out[i] &= mask;
  }
}

static void signBitLoop(const Word* x, size_t count, int bits, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<uint8_t>((x[i] >> (bits - 1)) & 1);
}

static void signExtendLoop(const Word* x, size_t count, int fromBits, Word outMask, Word* out) {
  const Word sign = Word{1} << (fromBits - 1);
  for (size_t i = 0; i < count; i++) out[i] = ((x[i] ^ sign) - sign) & outMask;
}

static void selectLoop(const uint8_t* bits, const Word* x, size_t outer, size_t inner, Word* out) {
  if (inner == 1) {
    for (size_t o = 0; o < outer; o++) out[o] = x[o] & (0 - static_cast<Word>(bits[o] & 1));
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner) {
    const Word keep = 0 - static_cast<Word>(bits[o] & 1);
    for (size_t i = 0; i < inner; i++) out[i] = x[i] & keep;
  }
}

static void negateWhereLoop(const uint8_t* bits, const Word* x, size_t outer, size_t inner, Word mask, Word* out) {
  if (inner == 1) {
    for (size_t o = 0; o < outer; o++) {
      const Word negates = 0 - static_cast<Word>(bits[o] & 1);
      out[o] = ((x[o] ^ negates) - negates) & mask;
    }
    return;
  }
  for (size_t o = 0; o < outer; o++, x += inner, out += inner) {
    const Word negates = 0 - static_cast<Word>(bits[o] & 1);
    for (size_t i = 0; i < inner; i++) out[i] = ((x[i] ^ negates) - negates) & mask;
  }
}

static void addWhereLoop(const uint8_t* bits, const Word* x, size_t count, Word mask, Word* sum) {
  for (size_t i = 0; i < count; i++) sum[i] = (sum[i] + (x[i] & (0 - static_cast<Word>(bits[i] & 1)))) & mask;
}

static void addScaledLoop(const Word* x, Word factor, size_t count, Word mask, Word* sum) {
  for (size_t i = 0; i < count; i++) sum[i] = (sum[i] + x[i] * factor) & mask;
}

static void fromBitsLoop(const uint8_t* bits, size_t count, Word* out) {
  for (size_t i = 0; i < count; i++) out[i] = bits[i] & 1;
}

static Word maxAbsoluteLoop(const Word* x, size_t count, int bits) {
  Word largest = 0;
  for (size_t i = 0; i < count; i++) {
    const int64_t value = signedOf(x[i], bits);
    const Word magnitude = value < 0 ? 0 - static_cast<Word>(value) : static_cast<Word>(value);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

static void toFloatLoop(const Word* x, size_t count, int bits, double unit, double* out) {
  for (size_t i = 0; i < count; i++) out[i] = static_cast<double>(signedOf(x[i], bits)) * unit;
}

/** Eight bytes 0 or 1 become a byte: each bit of the product below it is one of theirs, and none carries. */
static void bitsPackLoop(const uint8_t* bits, size_t count, uint8_t* out) {
  const size_t whole = count / 8;
  for (size_t b = 0; b < whole; b++) {
    Word eight = 0;
    for (size_t i = 0; i < 8; i++) eight |= static_cast<Word>(bits[8 * b + i] & 1) << (8 * i);
    out[b] = static_cast<uint8_t>((eight * Word{0x0102040810204080}) >> 56);
  }
  if (count % 8 == 0) return;
  uint8_t last = 0;
  for (size_t i = 0; i < count % 8; i++) last |= static_cast<uint8_t>((bits[8 * whole + i] & 1) << i);
  out[whole] = last;
}

static void bitsUnpackLoop(const uint8_t* bytes, size_t count, uint8_t* out) {
  const size_t whole = count / 8;
  for (size_t b = 0; b < whole; b++)
    for (size_t i = 0; i < 8; i++) out[8 * b + i] = (bytes[b] >> i) & 1;
  for (size_t i = 8 * whole; i < count; i++) out[i] = (bytes[whole] >> (i % 8)) & 1;
}

static void bitsXorLoop(const uint8_t* x, const uint8_t* y, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] ^ y[i];
}

static void bitsAndLoop(const uint8_t* x, const uint8_t* y, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] & y[i];
}

static void bitsNotLoop(const uint8_t* x, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = x[i] ^ 1;
}

constexpr RingLoops table = {
    maskLoop,       addLoop,      subtractLoop,   negateLoop,     scaleLoop,    multiplyLoop,   multiplyRowsLoop, truncateLoop,
    shiftRightLoop, sumLoop,      signBitLoop,    signExtendLoop, selectLoop,   negateWhereLoop, addWhereLoop,    addScaledLoop,
    fromBitsLoop,   maxAbsoluteLoop, toFloatLoop, bitsPackLoop,   bitsUnpackLoop, bitsXorLoop,  bitsAndLoop,      bitsNotLoop};
