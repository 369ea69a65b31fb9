// A table that the sender knows, read at a shared index: 1-of-2^m oblivious transfer made of m COTs, as in Naor and Pinkas
// (STOC 1999), with the table turned by the sender's share as messages (Dessouky et al., NDSS 2017, section III; SiRNN, S&P 2021,
// section 3.1.3). Message j is masked by the XOR over t of lane j of key (t, bit t of j); a key is a COT's block, expanded to
// a lane for every message.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

constexpr unsigned lookUpMaxIndexBits = 12;

struct LookUpPlan {
  unsigned indexBits;  // 1 to lookUpMaxIndexBits
  unsigned ringBits;   // of an entry
};

/** All messages but the first, which is zero by the choice of the share. */
size_t lookUpMessageBytes(size_t count, const LookUpPlan& plan);

/**
 * blocks [count · indexBits · 16], table [entries], x [count]: the sender's share of the place. The receiver's is a multiple of
 * entries / 2^indexBits, whose top indexBits bits it knows as its index; 2^indexBits entries: any. Writes the share of the entry.
 */
void lookUpSend(size_t count, const LookUpPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                const uint8_t* corrections, size_t entries, const uint64_t* table, const uint64_t* x, uint64_t* share,
                uint8_t* message);

/** The receiver's half before the answer: `share` holds the pads of its messages. Then the COTs are no longer needed. */
void lookUpBegin(size_t count, const LookUpPlan& plan, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                 uint64_t* share);

void lookUpFinish(size_t count, const LookUpPlan& plan, const uint64_t* x, const uint8_t* message, uint64_t* share);

/** The same without a secret: entry x[i] modulo the table's length, a power of two. */
void lookUpPlain(size_t count, size_t entries, const uint64_t* table, const uint64_t* x, uint64_t* out);

}  // namespace cipherprune
