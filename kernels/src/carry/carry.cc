#include "carry.h"

#include <cstring>

namespace cipherprune {

namespace {

struct Kind {
  unsigned indexBits;
  unsigned outputs;
};

constexpr Kind kindTable[carryKinds] = {{4, 1}, {4, 2}, {3, 1}, {4, 2}, {5, 1}, {8, 1}, {8, 2}};
constexpr unsigned mostPlaces = 256;

constexpr size_t vectorBytes(unsigned indexBits) { return (size_t{1} << indexBits) / 8; }

/** Does a carry leave bits (c0, c1, p1)? And (c0, c1, p1, c2, p2)? */
constexpr bool pairCarries(unsigned bits) { return (bits & 2) != 0 || ((bits & 4) != 0 && (bits & 1) != 0); }
constexpr bool tripleCarries(unsigned bits) { return (bits & 8) != 0 || ((bits & 16) != 0 && pairCarries(bits & 7)); }

/** f(j, c) of output 0 (carries) or 1 (passes). */
constexpr bool holds(CarryKind kind, unsigned output, unsigned j, unsigned c) {
  switch (kind) {
    case CarryKind::lowDigit:
    case CarryKind::digit:
      return output == 0 ? j + c > 15 : j + c == 15;
    case CarryKind::lowByte:
    case CarryKind::byte:
      return output == 0 ? j + c > 255 : j + c == 255;
    case CarryKind::lowPair:
      return pairCarries(j ^ c);
    case CarryKind::pair: {
      // (c0, p0, c1, p1)
      const unsigned bits = j ^ c;
      return output == 0 ? pairCarries((bits & 1) | (bits >> 1 & 6)) : (bits & 2) != 0 && (bits & 8) != 0;
    }
    case CarryKind::lowTriple:
      return tripleCarries(j ^ c);
  }
  return false;
}

using Set = uint64_t[mostPlaces / 64];

/** The places j with f(j, c), for every c. */
struct Places {
  Set of[carryKinds][2][mostPlaces];

  Places() : of{} {
    for (unsigned kind = 0; kind < carryKinds; kind++)
      for (unsigned output = 0; output < kindTable[kind].outputs; output++)
        for (unsigned c = 0; c < 1u << kindTable[kind].indexBits; c++)
          for (unsigned j = 0; j < 1u << kindTable[kind].indexBits; j++)
            if (holds(static_cast<CarryKind>(kind), output, j, c)) of[kind][output][c][j / 64] |= uint64_t{1} << (j % 64);
  }
};

const Places places;

/** Of the places of a vector that a set has. */
inline uint64_t parity(const Set& vector, const Set& set, unsigned words) {
  uint64_t x = vector[0] & set[0];
  for (unsigned i = 1; i < words; i++) x ^= vector[i] & set[i];
  x ^= x >> 32;
  x ^= x >> 16;
  x ^= x >> 8;
  x ^= x >> 4;
  return 0x6996u >> (x & 15) & 1;
}

}  // namespace

size_t carryVectorBytes(const uint8_t* kinds, size_t groups) {
  size_t bytes = 0;
  for (size_t group = 0; group < groups; group++) bytes += vectorBytes(kindTable[kinds[group]].indexBits);
  return bytes;
}

void carryVectors(const uint8_t* kinds, size_t groups, const uint64_t* index, size_t count, uint8_t* vectors) {
  for (size_t i = 0; i < count; i++) {
    uint64_t rest = index[i];
    for (size_t group = 0; group < groups; group++) {
      const unsigned bits = kindTable[kinds[group]].indexBits;
      const unsigned place = rest & ((1u << bits) - 1);
      rest >>= bits;
      std::memset(vectors, 0, vectorBytes(bits));
      vectors[place / 8] = static_cast<uint8_t>(1u << (place % 8));
      vectors += vectorBytes(bits);
    }
  }
}

void carrySums(const uint8_t* kinds, size_t groups, const uint64_t* index, size_t count, const uint8_t* vectors,
               size_t period, uint64_t* out) {
  const uint8_t* at = vectors;
  size_t left = period;
  for (size_t i = 0; i < count; i++) {
    if (left-- == 0) {
      at = vectors;
      left = period - 1;
    }
    uint64_t rest = index[i], sums = 0;
    unsigned fill = 0;
    for (size_t group = 0; group < groups; group++) {
      const Kind kind = kindTable[kinds[group]];
      const auto& sets = places.of[kinds[group]];
      Set vector = {};
      const unsigned words = kind.indexBits > 6 ? 1u << (kind.indexBits - 6) : 1;
      std::memcpy(vector, at, vectorBytes(kind.indexBits));
      at += vectorBytes(kind.indexBits);
      const unsigned c = rest & ((1u << kind.indexBits) - 1);
      rest >>= kind.indexBits;
      sums |= parity(vector, sets[0][c], words) << fill++;
      if (kind.outputs == 2) sums |= parity(vector, sets[1][c], words) << fill++;
    }
    out[i] = sums;
  }
}

}  // namespace cipherprune
