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
  const uint8_t* encoded = nullptr; // [trees · 2^depth] rows of the matrix times the table, as far as `pieces` says that they are done
  int32_t* pieces = nullptr;        // [ferretPieces] of them, 0 where nobody has begun, 1 where a thread is at work; null: all are made on the way
};

/** Pieces of a call's rows that a thread may make ahead. */
size_t ferretPieces(size_t rows);

/** Makes the pieces that nobody has begun, of trees << depth rows. The calls below take what is done by then and make the rest themselves,
 *  so they wait for nobody; a piece that is being made meanwhile is not read. Of `call` it needs suite, depth, trees, logTable, table,
 *  seed, firstRow and pieces. */
void ferretEncode(const FerretCall& call, uint8_t* encoded);

/** roots [trees]; writes corrections [trees][depth] for the receiver. */
void ferretSend(const FerretCall& call, const uint8_t* delta, const uint8_t* roots, uint8_t* corrections);

/** Writes choices, one byte for each of `blocks`. */
void ferretReceive(const FerretCall& call, const uint8_t* corrections, uint8_t* choices);

/** The same in steps, with the trees in between, where a consistency check looks at their leaves [trees][2^depth]: first the trees,
 *  of which `call` needs no more than suite, depth, trees and pathCots; punctured ones with their noisy places points [trees]. */
void ferretGrow(const FerretCall& call, const uint8_t* delta, const uint8_t* roots, uint8_t* corrections, uint8_t* leaves);
void ferretGrowPunctured(const FerretCall& call, const uint8_t* corrections, uint8_t* leaves, uint32_t* points);
/** Then the outputs, which overwrite leaves. */
void ferretSendLeaves(const FerretCall& call, uint8_t* leaves);
void ferretReceiveLeaves(const FerretCall& call, uint8_t* leaves, const uint32_t* points, uint8_t* choices);

/** Tags of leaves, by the suite's hash under `key` [16], which is public, and of each tree the sum of its tags, sums [trees], and two
 *  hashes of them under the challenges [2][2^depth]: hashes [2][trees]. With points [trees] (else null) the tag at a tree's point
 *  is what sums lack, which then come from the peer. */
void ferretLeafHashes(Suite suite, int depth, size_t trees, const uint8_t* leaves, const uint32_t* points, const uint8_t* key,
                      const uint8_t* challenges, uint8_t* sums, uint8_t* hashes);

}  // namespace cipherprune
