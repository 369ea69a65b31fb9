// Tables at shared places (inference/backends/three-party/look-up.ts): one party knows a place a and gives the unit vector at a as two
// summands modulo 2^ringBits; the other knows a shift c, and table[a + c] is the sum over all places j of (vector at j)·table[j + c].
// Vectors are bit streams of 2^indexBits fields each, one behind the other.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

constexpr unsigned unitVectorMaxIndexBits = 12;

struct UnitVectorPlan {
  unsigned indexBits;
  unsigned ringBits;
};

size_t unitVectorBytes(size_t count, const UnitVectorPlan& plan);

/** Adds 1 to the field at places[i] of each vector i: a summand of zero becomes one of the unit vector. */
void unitVectorAdd(const uint64_t* places, size_t count, const UnitVectorPlan& plan, uint8_t* fields);

/** out[i] = sum over j of (field j of vector i)·table[(j + shifts[i]) modulo 2^indexBits], modulo 2^ringBits. */
void unitVectorSums(const uint64_t* shifts, size_t count, const UnitVectorPlan& plan, const uint64_t* table, const uint8_t* fields,
                    uint64_t* out);

/** The sums where processor and plan allow: at least 8 fields a vector, at most 52 bits each. `twice`: the table, twice. */
void unitVectorSumsAvx512(const uint64_t* shifts, size_t count, const UnitVectorPlan& plan, const uint64_t* twice,
                          const uint8_t* fields, uint64_t* out);

}  // namespace cipherprune
