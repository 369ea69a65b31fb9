#include "carry.h"

#include <cstring>
#include <type_traits>

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

/** A unit vector of 2^indexBits places as the widest words that it fills. */
template <unsigned indexBits>
struct Vector {
  using Word = std::conditional_t<indexBits == 3, uint8_t,
               std::conditional_t<indexBits == 4, uint16_t, std::conditional_t<indexBits == 5, uint32_t, uint64_t>>>;
  static constexpr unsigned words = indexBits > 6 ? 1u << (indexBits - 6) : 1;
  Word word[words];

  explicit Vector(const uint8_t* from) { std::memcpy(word, from, sizeof word); }

  /** Of the places that a set has. */
  inline uint64_t parity(const Set& set) const {
    uint64_t x = 0;
    for (unsigned i = 0; i < words; i++) x ^= word[i] & set[i];
    if (sizeof(Word) > 4) x ^= x >> 32;
    if (sizeof(Word) > 2) x ^= x >> 16;
    if (sizeof(Word) > 1) x ^= x >> 8;
    x ^= x >> 4;
    return 0x6996u >> (x & 15) & 1;
  }
};

/** Where one group lies in an index, in an element's vectors and in the sums. */
struct Place {
  unsigned index;
  size_t byte;
  unsigned sum;
};

/** One group of all elements. */
template <CarryKind kind>
void groupSums(Place place, const uint64_t* index, size_t count, const uint8_t* vectors, size_t stride, size_t period,
               uint64_t* out) {
  constexpr Kind shape = kindTable[static_cast<unsigned>(kind)];
  const auto& sets = places.of[static_cast<unsigned>(kind)];
  for (size_t first = 0; first < count; first += period) {
    const uint8_t* at = vectors + place.byte;
    for (size_t i = first; i < first + period; i++, at += stride) {
      const Vector<shape.indexBits> vector(at);
      const unsigned c = index[i] >> place.index & ((1u << shape.indexBits) - 1);
      uint64_t sums = vector.parity(sets[0][c]);
      if (shape.outputs == 2) sums |= vector.parity(sets[1][c]) << 1;
      out[i] |= sums << place.sum;
    }
  }
}

using GroupSums = void (*)(Place, const uint64_t*, size_t, const uint8_t*, size_t, size_t, uint64_t*);

/** By number of the kind. */
constexpr GroupSums groupSumsOf[carryKinds] = {
    groupSums<CarryKind::lowDigit>, groupSums<CarryKind::digit>,   groupSums<CarryKind::lowPair>, groupSums<CarryKind::pair>,
    groupSums<CarryKind::lowTriple>, groupSums<CarryKind::lowByte>, groupSums<CarryKind::byte>};

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
      vectors[place / 8] ^= static_cast<uint8_t>(1u << (place % 8));
      vectors += vectorBytes(bits);
    }
  }
}

void carrySums(const uint8_t* kinds, size_t groups, const uint64_t* index, size_t count, const uint8_t* vectors,
               size_t period, uint64_t* out) {
  const size_t stride = carryVectorBytes(kinds, groups);
  std::memset(out, 0, count * sizeof *out);
  if (period == 0) return;
  // A block of elements stays in the cache from one group to the next, where every element has vectors of its own.
  const size_t block = period == count ? size_t{2048} : count;
  for (size_t first = 0; first < count; first += block) {
    const size_t length = count - first < block ? count - first : block;
    Place place = {0, 0, 0};
    for (size_t group = 0; group < groups; group++) {
      const Kind kind = kindTable[kinds[group]];
      groupSumsOf[kinds[group]](place, index + first, length, vectors + first * stride, stride,
                                period == count ? length : period, out + first);
      place = {place.index + kind.indexBits, place.byte + vectorBytes(kind.indexBits), place.sum + kind.outputs};
    }
  }
}

}  // namespace cipherprune
