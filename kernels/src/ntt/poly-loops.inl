// The loops of PolyLoops over a vector type V of V::lanes 32-bit words (a divisor of 16) and an accumulator W of as many
// 64-bit words. Included by one file for each instruction set, inside its anonymous namespace; no STL here.

inline V lazyProduct(V x, V value, V quotient, V p) { return V::sub(V::mullo(x, value), V::mullo(V::mulhi(x, quotient), p)); }

/** x below 2·limit → below limit: x - limit wraps to a large word when x is smaller. */
inline V below(V x, V limit) { return V::min(x, V::sub(x, limit)); }

#ifndef CIPHERPRUNE_OWN_LOOPS
/** Any double words to what is congruent and below 4p. */
struct WideReducer {
  V p, one, word, wordQuotient;

  explicit WideReducer(const Modulus& m)
      : p(V::set(m.p)), one(V::set(m.one.quotient)), word(V::set(m.word.value)), wordQuotient(V::set(m.word.quotient)) {}

  V rest(const W& sum) const {
    const V low = sum.low();
    return V::add(V::sub(low, V::mullo(V::mulhi(low, one), p)), lazyProduct(sum.high(), word, wordQuotient, p));
  }
};
#endif

/** The constants of one modulus as vectors. */
struct Reducer {
  V p, p2, one;
  WideReducer wide;

  explicit Reducer(const Modulus& m) : p(V::set(m.p)), p2(V::set(2 * m.p)), one(V::set(m.one.quotient)), wide(m) {}

  V lazy(V x) const { return V::sub(x, V::mullo(V::mulhi(x, one), p)); }
  V reduce(V x) const { return below(lazy(x), p); }
  V lazyWide(const W& sum) const { return below(wide.rest(sum), p2); }
  V reduceWide(const W& sum) const { return below(lazyWide(sum), p); }
};

/** (x, y) → (x + r·y, x - r·y), growing by 2p. */
inline void splitNode(V& x, V& y, V root, V quotient, const Reducer& m) {
  const V t = lazyProduct(y, root, quotient, m.p);
  y = V::sub(V::add(x, m.p2), t);
  x = V::add(x, t);
}

/** (x, y) → (x + y, (x - y) / r), all below 2p. */
inline void joinNode(V& x, V& y, V root, V quotient, const Reducer& m) {
  const V difference = V::sub(V::add(x, m.p2), y);
  x = below(V::add(x, y), m.p2);
  y = lazyProduct(difference, root, quotient, m.p);
}

/** One layer of `nodes` nodes of 2·width words each, the first at index `first` of the tree's layer. */
inline void splitLayer(uint32_t* x, size_t nodes, size_t width, const uint32_t* roots, const uint32_t* quotients, const Reducer& m) {
  for (size_t b = 0; b < nodes; b++) {
    const V root = V::set(roots[b]), quotient = V::set(quotients[b]);
    uint32_t* low = x + 2 * b * width;
    uint32_t* high = low + width;
    for (size_t j = 0; j < width; j += V::lanes) {
      V u = V::load(low + j), v = V::load(high + j);
      splitNode(u, v, root, quotient, m);
      u.store(low + j);
      v.store(high + j);
    }
  }
}

/** Two layers in one pass: nodes of 4·width words; the children of node b are 2b and 2b + 1 of the next layer. */
inline void splitTwoLayers(const uint32_t* x, uint32_t* out, size_t nodes, size_t width, const uint32_t* roots,
                           const uint32_t* quotients, const uint32_t* nextRoots, const uint32_t* nextQuotients, const Reducer& m) {
  for (size_t b = 0; b < nodes; b++) {
    const V r0 = V::set(roots[b]), q0 = V::set(quotients[b]);
    const V r1 = V::set(nextRoots[2 * b]), q1 = V::set(nextQuotients[2 * b]);
    const V r2 = V::set(nextRoots[2 * b + 1]), q2 = V::set(nextQuotients[2 * b + 1]);
    const uint32_t* at = x + 4 * b * width;
    uint32_t* to = out + 4 * b * width;
    for (size_t j = 0; j < width; j += V::lanes, at += V::lanes, to += V::lanes) {
      V a = V::load(at), c = V::load(at + width), d = V::load(at + 2 * width), e = V::load(at + 3 * width);
      splitNode(a, d, r0, q0, m);
      splitNode(c, e, r0, q0, m);
      splitNode(a, c, r1, q1, m);
      splitNode(d, e, r2, q2, m);
      a.store(to);
      c.store(to + width);
      d.store(to + 2 * width);
      e.store(to + 3 * width);
    }
  }
}

inline void joinLayer(uint32_t* x, size_t nodes, size_t width, const uint32_t* inverses, const uint32_t* quotients, const Reducer& m) {
  for (size_t b = 0; b < nodes; b++) {
    const V root = V::set(inverses[b]), quotient = V::set(quotients[b]);
    uint32_t* low = x + 2 * b * width;
    uint32_t* high = low + width;
    for (size_t j = 0; j < width; j += V::lanes) {
      V u = V::load(low + j), v = V::load(high + j);
      joinNode(u, v, root, quotient, m);
      u.store(low + j);
      v.store(high + j);
    }
  }
}

inline void joinTwoLayers(uint32_t* x, size_t nodes, size_t width, const uint32_t* inverses, const uint32_t* quotients,
                          const uint32_t* lowerInverses, const uint32_t* lowerQuotients, const Reducer& m) {
  for (size_t b = 0; b < nodes; b++) {
    const V r0 = V::set(inverses[b]), q0 = V::set(quotients[b]);
    const V r1 = V::set(lowerInverses[2 * b]), q1 = V::set(lowerQuotients[2 * b]);
    const V r2 = V::set(lowerInverses[2 * b + 1]), q2 = V::set(lowerQuotients[2 * b + 1]);
    uint32_t* at = x + 4 * b * width;
    for (size_t j = 0; j < width; j += V::lanes, at += V::lanes) {
      V a = V::load(at), c = V::load(at + width), d = V::load(at + 2 * width), e = V::load(at + 3 * width);
      joinNode(a, c, r1, q1, m);
      joinNode(d, e, r2, q2, m);
      joinNode(a, d, r0, q0, m);
      joinNode(c, e, r0, q0, m);
      a.store(at);
      c.store(at + width);
      d.store(at + 2 * width);
      e.store(at + 3 * width);
    }
  }
}

/** One of the last four layers, of halves of WIDTH words: word r[e] is coefficient e of 16 subtrees side by side. Unrolled: where the compiler
 *  keeps a loop, the words lie in memory between layers. */
template <size_t WIDTH>
inline void splitTailLayer(V* r, const uint32_t* roots, const uint32_t* quotients, const Reducer& m) {
  constexpr size_t nodes = 8 / WIDTH;
#pragma GCC unroll 8
  for (size_t b = 0; b < nodes; b++) {
    const size_t at = 16 * (nodes + b - 1);
    const V root = V::load(roots + at), quotient = V::load(quotients + at);
#pragma GCC unroll 8
    for (size_t e = 2 * b * WIDTH; e < (2 * b + 1) * WIDTH; e++) splitNode(r[e], r[e + WIDTH], root, quotient, m);
  }
}

template <size_t WIDTH>
inline void joinTailLayer(V* r, const uint32_t* inverses, const uint32_t* quotients, const Reducer& m) {
  constexpr size_t nodes = 8 / WIDTH;
#pragma GCC unroll 8
  for (size_t b = 0; b < nodes; b++) {
    const size_t at = 16 * (nodes + b - 1);
    const V root = V::load(inverses + at), quotient = V::load(quotients + at);
#pragma GCC unroll 8
    for (size_t e = 2 * b * WIDTH; e < (2 * b + 1) * WIDTH; e++) joinNode(r[e], r[e + WIDTH], root, quotient, m);
  }
}

/** The last four layers on a transposed block: word [e][lane] is coefficient e of subtree `lane`. */
inline void splitTail(uint32_t* block, const uint32_t* roots, const uint32_t* quotients, const Reducer& m) {
  for (size_t lane = 0; lane < 16; lane += V::lanes) {
    V r[16];
#pragma GCC unroll 16
    for (size_t e = 0; e < 16; e++) r[e] = V::load(block + 16 * e + lane);
    splitTailLayer<8>(r, roots + lane, quotients + lane, m);
    splitTailLayer<4>(r, roots + lane, quotients + lane, m);
    splitTailLayer<2>(r, roots + lane, quotients + lane, m);
    splitTailLayer<1>(r, roots + lane, quotients + lane, m);
#pragma GCC unroll 16
    for (size_t e = 0; e < 16; e++) r[e].store(block + 16 * e + lane);
  }
}

inline void joinTail(uint32_t* block, const uint32_t* inverses, const uint32_t* quotients, const Reducer& m) {
  for (size_t lane = 0; lane < 16; lane += V::lanes) {
    V r[16];
#pragma GCC unroll 16
    for (size_t e = 0; e < 16; e++) r[e] = V::load(block + 16 * e + lane);
    joinTailLayer<1>(r, inverses + lane, quotients + lane, m);
    joinTailLayer<2>(r, inverses + lane, quotients + lane, m);
    joinTailLayer<4>(r, inverses + lane, quotients + lane, m);
    joinTailLayer<8>(r, inverses + lane, quotients + lane, m);
#pragma GCC unroll 16
    for (size_t e = 0; e < 16; e++) r[e].store(block + 16 * e + lane);
  }
}

/** Rings of fewer than 256 coefficients exist in tests only. */
inline void forwardSmall(uint32_t* x, const NttTable& t) {
  const uint32_t p = t.modulus.p;
  for (size_t nodes = 1, width = t.n / 2; width >= 1; nodes *= 2, width /= 2)
    for (size_t b = 0; b < nodes; b++)
      for (size_t j = 2 * b * width; j < (2 * b + 1) * width; j++) {
        const uint32_t s = t.modulus.lazy(x[j + width], {t.roots[nodes + b], t.rootQuotients[nodes + b]});
        x[j + width] = x[j] + 2 * p - s;
        x[j] += s;
      }
}

inline void inverseSmall(uint32_t* x, const NttTable& t) {
  const uint32_t p2 = 2 * t.modulus.p;
  for (size_t nodes = t.n / 2, width = 1; nodes >= 1; nodes /= 2, width *= 2)
    for (size_t b = 0; b < nodes; b++)
      for (size_t j = 2 * b * width; j < (2 * b + 1) * width; j++) {
        const uint32_t difference = x[j] + p2 - x[j + width], sum = x[j] + x[j + width];
        x[j] = sum >= p2 ? sum - p2 : sum;
        x[j + width] = t.modulus.lazy(difference, {t.inverses[nodes + b], t.inverseQuotients[nodes + b]});
      }
  for (size_t i = 0; i < t.n; i++) x[i] = t.modulus.multiply(x[i], t.scale);
}

void scale(const uint32_t* x, Factor f, size_t count, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  const V value = V::set(f.value), quotient = V::set(f.quotient);
  for (size_t i = 0; i < count; i += V::lanes) below(lazyProduct(V::load(x + i), value, quotient, m.p), m.p).store(out + i);
}

/** The layers from that of so many nodes on, which split into halves of this width. */
inline void splitRest(uint32_t* x, size_t nodes, size_t width, const NttTable& t) {
  const Reducer m(t.modulus);
  const uint32_t* roots = t.roots;
  const uint32_t* quotients = t.rootQuotients;
  for (; width >= 32; nodes *= 4, width /= 4)
    splitTwoLayers(x, x, nodes, width / 2, roots + nodes, quotients + nodes, roots + 2 * nodes, quotients + 2 * nodes, m);
  if (width == 16) splitLayer(x, nodes, width, roots + nodes, quotients + nodes, m);
  for (size_t k = 0; k < t.n / 256; k++) {
    V::transpose(x + 256 * k);
    splitTail(x + 256 * k, t.tail + 240 * k, t.tailQuotients + 240 * k, m);
  }
}

void forwardTo(const uint32_t* from, uint32_t* x, const NttTable& t) {
  if (t.n < 256) {
    for (size_t i = 0; i < t.n; i++) x[i] = from[i];
    return forwardSmall(x, t);
  }
  const Reducer m(t.modulus);
  const uint32_t* roots = t.roots;
  const uint32_t* quotients = t.rootQuotients;
  splitTwoLayers(from, x, 1, t.n / 4, roots + 1, quotients + 1, roots + 2, quotients + 2, m);
  splitRest(x, 4, t.n / 8, t);
}

void forward(uint32_t* x, const NttTable& t) { forwardTo(x, x, t); }

void forwardLow(const uint32_t* from, size_t support, uint32_t* x, const NttTable& t) {
  if (t.n < 256 || support < 16) {
    for (size_t i = 0; i < t.n; i++) x[i] = i < support ? from[i] : 0;
    return forwardTo(x, x, t);
  }
  // A node whose second half is zero splits into two copies of the first.
  for (size_t copy = 0; copy < t.n; copy += support)
    for (size_t i = 0; i < support; i += V::lanes) V::load(from + i).store(x + copy + i);
  splitRest(x, t.n / support, support / 2, t);
}

void inverse(uint32_t* x, const NttTable& t) {
  if (t.n < 256) return inverseSmall(x, t);
  const Reducer m(t.modulus);
  for (size_t k = 0; k < t.n / 256; k++) {
    joinTail(x + 256 * k, t.inverseTail + 240 * k, t.inverseTailQuotients + 240 * k, m);
    V::transpose(x + 256 * k);
  }
  const uint32_t* roots = t.inverses;
  const uint32_t* quotients = t.inverseQuotients;
  size_t nodes = t.n / 32, width = 16;
  for (; nodes >= 2; nodes /= 4, width *= 4) {
    const size_t upper = nodes / 2;
    joinTwoLayers(x, upper, width, roots + upper, quotients + upper, roots + nodes, quotients + nodes, m);
  }
  if (nodes == 1) joinLayer(x, 1, width, roots + 1, quotients + 1, m);
  scale(x, t.scale, t.n, t.modulus, x);
}

void reduce(uint32_t* x, size_t count, const Modulus& modulus) {
  const Reducer m(modulus);
  for (size_t i = 0; i < count; i += V::lanes) m.reduce(V::load(x + i)).store(x + i);
}

/** The last layer or two of 16 columns, of nodes of two or four rows, or none, reduced. */
template <size_t ROWS>
inline void splitLastRows(const uint32_t* x, size_t nodes, const uint32_t* roots, const uint32_t* quotients, const uint32_t* nextRoots,
                          const uint32_t* nextQuotients, const Reducer& m, uint32_t* out, size_t outStride) {
  for (size_t b = 0; b < nodes; b++)
    for (size_t lane = 0; lane < columns; lane += V::lanes) {
      V row[ROWS];
      for (size_t r = 0; r < ROWS; r++) row[r] = V::load(x + (ROWS * b + r) * columns + lane);
      if constexpr (ROWS > 1)
        for (size_t r = 0; r < ROWS / 2; r++) splitNode(row[r], row[r + ROWS / 2], V::set(roots[b]), V::set(quotients[b]), m);
      if constexpr (ROWS == 4)
        for (size_t r = 0; r < ROWS; r += 2)
          splitNode(row[r], row[r + 1], V::set(nextRoots[2 * b + r / 2]), V::set(nextQuotients[2 * b + r / 2]), m);
      for (size_t r = 0; r < ROWS; r++) m.reduce(row[r]).store(out + (ROWS * b + r) * outStride + lane);
    }
}

/** In the tree of length 2n, the transform modulo X^n + 1 lies below the second node: layers start at index `nodes`. */
void forwardColumns(uint32_t* x, size_t length, size_t support, bool negacyclic, const NttTable& t, uint32_t* out, size_t outStride) {
  const Reducer m(t.modulus);
  const uint32_t* roots = t.roots;
  const uint32_t* quotients = t.rootQuotients;
  // A node whose second half is zero splits into two copies of the first.
  size_t nodes = length / support, width = support / 2;
  for (size_t copy = 1; copy < nodes; copy++)
    for (size_t i = 0; i < support * columns; i += V::lanes) V::load(x + i).store(x + copy * support * columns + i);
  for (; width > 2; nodes *= 4, width /= 4) {
    const size_t first = negacyclic ? nodes : 0;
    splitTwoLayers(x, x, nodes, width / 2 * columns, roots + first, quotients + first, roots + 2 * first, quotients + 2 * first, m);
  }
  const size_t first = negacyclic ? nodes : 0;
  roots += first, quotients += first;
  if (width == 2) splitLastRows<4>(x, nodes, roots, quotients, roots + first, quotients + first, m, out, outStride);
  else if (width == 1) splitLastRows<2>(x, nodes, roots, quotients, nullptr, nullptr, m, out, outStride);
  else splitLastRows<1>(x, nodes, nullptr, nullptr, nullptr, nullptr, m, out, outStride);
}

void inverseColumns(uint32_t* x, size_t length, bool negacyclic, const NttTable& t) {
  const Reducer m(t.modulus);
  const uint32_t* roots = t.inverses;
  const uint32_t* quotients = t.inverseQuotients;
  size_t nodes = length / 2, width = 1;
  for (; nodes >= 2; nodes /= 4, width *= 4) {
    const size_t upper = negacyclic ? nodes / 2 : 0, lower = 2 * upper;
    joinTwoLayers(x, nodes / 2, width * columns, roots + upper, quotients + upper, roots + lower, quotients + lower, m);
  }
  if (nodes == 1) joinLayer(x, 1, width * columns, roots + negacyclic, quotients + negacyclic, m);
}

/** Of a node with leaves u and v, the second coefficient alone. */
inline V joinLast(V u, V v, V root, V quotient, const Reducer& m) {
  return lazyProduct(V::sub(V::add(u, m.p2), v), root, quotient, m.p);
}

void inverseColumnsLast(uint32_t* x, size_t length, size_t log, bool negacyclic, const NttTable& t) {
  const Reducer m(t.modulus);
  size_t rows = length;
  for (; log > 0; log--, rows /= 2) {
    const size_t nodes = rows / 2, first = negacyclic ? nodes : 0;
    for (size_t b = 0; b < nodes; b++) {
      const V root = V::set(t.inverses[first + b]), quotient = V::set(t.inverseQuotients[first + b]);
      const uint32_t* from = x + 2 * b * columns;
      for (size_t j = 0; j < columns; j += V::lanes)
        joinLast(V::load(from + j), V::load(from + columns + j), root, quotient, m).store(x + b * columns + j);
    }
  }
  inverseColumns(x, rows, negacyclic, t);
}

void multiply(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  for (size_t i = 0; i < count; i += V::lanes) {
    W sum;
    sum.addProduct(V::load(x + i), V::load(y + i));
    m.reduceWide(sum).store(out + i);
  }
}

void dot(const uint32_t* x, size_t xStride, const uint32_t* y, size_t yStride, size_t terms, size_t count,
         const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  for (size_t i = 0; i < count; i += V::lanes) {
    W sum;
    for (size_t t = 0; t < terms; t++) sum.addProduct(V::load(x + t * xStride + i), V::load(y + t * yStride + i));
    m.reduceWide(sum).store(out + i);
  }
}

void dotPair(const uint32_t* x, size_t xStride, const uint32_t* const y[2], size_t yStride, size_t terms, bool addTo, size_t count,
             const Modulus& modulus, uint32_t* const out[2]) {
  const Reducer m(modulus);
  const auto put = [&](const W& sum, uint32_t* to) {
    const V value = m.reduceWide(sum);
    (addTo ? below(V::add(value, V::load(to)), m.p) : value).store(to);
  };
  for (size_t i = 0; i < count; i += V::lanes) {
    W first, second;
    for (size_t t = 0; t < terms; t++) {
      const V value = V::load(x + t * xStride + i);
      first.addProduct(value, V::load(y[0] + t * yStride + i));
      second.addProduct(value, V::load(y[1] + t * yStride + i));
    }
    put(first, out[0] + i);
    put(second, out[1] + i);
  }
}

void add(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out) {
  const V p = V::set(modulus.p);
  for (size_t i = 0; i < count; i += V::lanes) below(V::add(V::load(x + i), V::load(y + i)), p).store(out + i);
}

void subtract(const uint32_t* x, const uint32_t* y, size_t count, const Modulus& modulus, uint32_t* out) {
  const V p = V::set(modulus.p);
  for (size_t i = 0; i < count; i += V::lanes) below(V::sub(V::add(V::load(x + i), p), V::load(y + i)), p).store(out + i);
}

void divideRound(const uint32_t* x, const uint32_t* rest, const Modulus& d, Factor inverse, size_t count,
                 const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  const V value = V::set(inverse.value), quotient = V::set(inverse.quotient);
  const V divisor = V::set(d.p), half = V::set(d.p / 2);
  // x + half - (rest + half mod d) is divisible by d; what is subtracted may exceed p by little, hence 2p.
  const V offset = V::set(d.p / 2 % modulus.p + 2 * modulus.p);
  for (size_t i = 0; i < count; i += V::lanes) {
    const V shifted = below(V::add(V::load(rest + i), half), divisor);
    const V numerator = V::sub(V::add(V::load(x + i), offset), shifted);
    below(lazyProduct(numerator, value, quotient, m.p), m.p).store(out + i);
  }
}

void fold(const uint32_t* x, const uint32_t* y, bool subtract, Factor f, size_t count, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  const V value = V::set(f.value), quotient = V::set(f.quotient);
  for (size_t i = 0; i < count; i += V::lanes) {
    const V left = V::load(x + i), right = V::load(y + i);
    const V sum = subtract ? V::sub(V::add(left, m.p2), right) : V::add(left, right);
    below(lazyProduct(sum, value, quotient, m.p), m.p).store(out + i);
  }
}

void transpose(uint32_t* block) { V::transpose(block); }

void combine(const uint32_t* x, size_t xStride, const uint32_t* factors, size_t terms, uint32_t addend, size_t count,
             const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  const V one = V::set(1);
  for (size_t i = 0; i < count; i += V::lanes) {
    W sum;
    sum.addBroadcast(addend, one);
    for (size_t t = 0; t < terms; t++) sum.addBroadcast(factors[t], V::load(x + t * xStride + i));
    m.reduceWide(sum).store(out + i);
  }
}

void residues(const int32_t* x, size_t count, const Modulus& modulus, uint32_t* out) {
  const Reducer m(modulus);
  const uint32_t* words = reinterpret_cast<const uint32_t*>(x);
  // A negative word stands for word - 2^32, and 2^32 mod p is known.
  const V offset = V::set(modulus.p - modulus.word.value), zero = V::set(0);
  for (size_t i = 0; i < count; i += V::lanes) {
    const V word = V::load(words + i);
    below(V::add(m.reduce(word), V::select(V::signs(word), offset, zero)), m.p).store(out + i);
  }
}

/** As PolyLoops::keepResidues, one after the other. */
inline size_t keepSome(const uint8_t* bytes, size_t words, const Modulus& modulus, size_t count, uint32_t* out) {
  size_t done = 0;
  for (size_t i = 0; i < words && done < count; i++) {
    uint32_t word;
    __builtin_memcpy(&word, bytes + 4 * i, 4);
    word &= (1u << primeBits) - 1;
    out[done] = word;
    done += word < modulus.p;
  }
  return done;
}

size_t countInvalid(const uint32_t* x, size_t count, const Modulus& modulus) {
  // Words below 2^26: p - 1 - word is negative where the word is invalid.
  const V limit = V::set(modulus.p - 1), one = V::set(1), zero = V::set(0);
  size_t total = 0;
  for (size_t i = 0; i < count;) {
    V sum = zero;
    const size_t end = count - i < (1u << 16) ? count : i + (1u << 16);
    for (; i < end; i += V::lanes) sum = V::add(sum, V::select(V::signs(V::sub(limit, V::load(x + i))), one, zero));
    uint32_t lanes[V::lanes];
    sum.store(lanes);
    for (size_t lane = 0; lane < V::lanes; lane++) total += lanes[lane];
  }
  return total;
}

/** Rows of a product's tile that share the loads of B. */
template <size_t ROWS>
inline void tileRows(const uint32_t* a, size_t aStride, const uint32_t* b, size_t depth, const Reducer& m, uint32_t* c, size_t cStride) {
  constexpr size_t vectors = columns / V::lanes;
  W sum[ROWS][vectors];
  for (size_t k = 0; k < depth; k++)
    for (size_t v = 0; v < vectors; v++) {
      const V y = V::load(b + columns * k + v * V::lanes);
      for (size_t r = 0; r < ROWS; r++) sum[r][v].addBroadcast(a[k * aStride + r], y);
    }
  for (size_t r = 0; r < ROWS; r++)
    for (size_t v = 0; v < vectors; v++) m.lazyWide(sum[r][v]).store(c + r * cStride + v * V::lanes);
}
