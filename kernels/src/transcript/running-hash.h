// A keyed hash of a byte stream that grows: NH over blocks of 1,024 bytes (Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC",
// CRYPTO 1999, sections 4 and 5: adjacent pairs of 32-bit words, four passes whose keys are shifted by two words), then the
// polynomial of Poly1305 (Bernstein, FSE 2005) over what NH gives; the construction of NHPoly1305 (Crowley and Biggers, "Adiantum", FSE
// 2018). Two streams that were chosen without knowledge of the key collide with at most 2^-128 + n · 2^-105, n blocks. No
// secret decides a branch or an address.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cipherprune {

constexpr size_t kNhBlockBytes = 1024;
constexpr size_t kNhPasses = 4;
/** Words of the block, and two more for every further pass. */
constexpr size_t kNhKeyBytes = kNhBlockBytes + (kNhPasses - 1) * 8;
constexpr size_t kPolyKeyBytes = 16;
constexpr size_t kRunningHashKeyBytes = kNhKeyBytes + kPolyKeyBytes;

/** All zeros at the beginning. Lies in memory of JavaScript. */
struct RunningHashState {
  uint8_t partial[kNhBlockBytes];
  /** Of the polynomial, limbs of 26 bits. */
  uint64_t limbs[5];
  /** Bytes so far. */
  uint64_t length;
};
constexpr size_t kRunningHashStateBytes = sizeof(RunningHashState);
/** The polynomial's value [24], the length [8]. */
constexpr size_t kRunningHashDigestBytes = 32;

void runningHashUpdate(const uint8_t* key, RunningHashState* state, const uint8_t* bytes, size_t count);

/** Of what came so far; the state stays as it is. */
void runningHashDigest(const uint8_t* key, const RunningHashState& state, uint8_t* digest);

/** sums[pass] of one block. */
using NhBlock = void (*)(const uint8_t* key, const uint8_t* block, uint64_t* sums);
void nhBlockAvx2(const uint8_t* key, const uint8_t* block, uint64_t* sums);
void nhBlockAvx512(const uint8_t* key, const uint8_t* block, uint64_t* sums);

}  // namespace cipherprune
