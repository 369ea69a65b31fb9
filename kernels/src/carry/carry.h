// Carries by unit vectors (inference/backends/three-party/carry.ts): one party knows an index a and gives the unit vector at
// a as two summands under XOR; the other knows an index c, and a function f of both is the sum of the places j with f(j, c).
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

/** What a unit vector stands for. Indices: digits of 4 bits whose sum is looked at; or bits (carries, passes) of two or three neighbours,
 *  lowest first and the lowest of all without `passes`, combined by XOR; bytes are digits of 8 bits. */
enum class CarryKind : uint8_t { lowDigit, digit, lowPair, pair, lowTriple, lowByte, byte };
constexpr uint8_t carryKinds = 7;

/** Bytes of the unit vectors of one element. */
size_t carryVectorBytes(const uint8_t* kinds, size_t groups);

/** index [count]: the groups' fields from the lowest bit; in vectors [count, bytes] the place of each is flipped. */
void carryVectors(const uint8_t* kinds, size_t groups, const uint64_t* index, size_t count, uint8_t* vectors);

/** index [count]; vectors [period, bytes] serve elements i, i + period, ...; out [count]: carries of group 0, then of each
 *  other group whether it carries and whether it passes. */
void carrySums(const uint8_t* kinds, size_t groups, const uint64_t* index, size_t count, const uint8_t* vectors,
               size_t period, uint64_t* out);

}  // namespace cipherprune
