// Ferret: correlated OTs from a few of them and learning parity with noise (inference/crypto/ot/ferret.ts has the
// protocol and the choice of parameters). One call extends by `trees` trees of 2^depth leaves. In these blocks the lowest
// bit is the choice: 1 in delta, 0 in the sender's q, the choice itself in the receiver's t = q xor choice · delta.
#pragma once

#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

/** Row `i` of the public matrix: the sum of this many random entries of the table. */
constexpr int kLpnWeight = 10;

struct FerretCall {
  Suite suite;             // of the trees and the public matrix
  int depth;               // of the trees
  size_t trees;            //
  int logTable;            // entries of the table: 2^logTable
  const uint8_t* table;    // [2^logTable] COTs, the secret of learning parity with noise
  const uint8_t* pathCots; // [trees][depth] COTs; the receiver's choices are the complement of the noisy positions
  const uint8_t* seed;     // [16] of the public matrix
  uint64_t firstRow;       // of the public matrix; a multiple of the leaves of one call
  size_t reserved;         // outputs that go to `reserve`, the first ones; the others go to `blocks`
  uint8_t* reserve;
  uint8_t* blocks;
};

/** roots [trees]; writes corrections [trees][depth] for the receiver. */
void ferretSend(const FerretCall& call, const uint8_t* delta, const uint8_t* roots, uint8_t* corrections);

/** Writes choices, one byte for each of `blocks`. */
void ferretReceive(const FerretCall& call, const uint8_t* corrections, uint8_t* choices);

}  // namespace cipherprune
