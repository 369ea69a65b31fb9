// The leaves of the millionaires' protocol (Rathee et al., CrypTFlow2, CCS 2020, section 3.1): each digit of at most 4
// bits is compared by a 1-of-2^m oblivious transfer made of m COTs. In place of CrypTFlow2's tree of ANDs over (less,
// equal) bits, the digits' signs are shared additively and summed with weights, so that one number of as many bits as
// there are digits remains, negative exactly when the carry is set; its top bit is the next, much smaller comparison.
//
// Carry of (sender's x mod 2^m) + (receiver's x mod 2^m), m = ringBits - 1, is [a > b] with a the sender's low bits and b
// the complement of the receiver's. With digit signs s_i = sign(b_i - a_i) and t = [a_0 > b_0]:
// T = -t + s_1 + 2 s_2 + 4 s_3 + ... lies in [-2^(L-1), 2^(L-1) - 1] for L digits, and T < 0 exactly when a > b.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/prg/suite.h"

namespace cipherprune {

constexpr unsigned comparisonDigitBits = 4;
constexpr unsigned comparisonMaxDigits = 16;

/** How the low ringBits - 1 bits are cut into digits, lowest first. */
struct ComparisonDigits {
  unsigned count;
  unsigned bits[comparisonMaxDigits];     // of the digit
  unsigned payload[comparisonMaxDigits];  // bits of one message: T's bits above the digit's weight
  unsigned shift[comparisonMaxDigits];    // log2 of the digit's weight
  unsigned messageBits;                   // of one comparison
  unsigned padWord[comparisonMaxDigits];  // where the receiver keeps the pad of its message
  unsigned padBit[comparisonMaxDigits];
  unsigned padWords;                      // for one comparison
  unsigned padBits;                       // of the last of these words
  unsigned tableWords;                    // for the sender's pads of one comparison
};

/** ringBits 2 to 64. */
ComparisonDigits comparisonDigits(unsigned ringBits);

size_t comparisonMessageBytes(size_t count, unsigned ringBits);

/**
 * blocks [count · (ringBits - 1) · 16], corrections as of `cotCorrections` with `complement`, x [count]. Writes the
 * sender's share of T modulo 2^digits [count] and the message: for each digit all messages but the first, which is zero by
 * the choice of the share.
 */
void comparisonSend(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                    const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message);

/** The receiver's half before the answer: pads of its messages [count · padWords]. Then the COTs are no longer needed. */
void comparisonBegin(size_t count, unsigned ringBits, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                     uint64_t* pads);

/**
 * The sender's half in two steps, of up to 33 ring bits, for receivers that began with random digits and correct them later:
 * pads of all messages of each digit, tables [count · tableWords], while the receiver's corrections are zero; then the same
 * as comparisonSend for corrections that say by which bits each digit differs.
 */
void comparisonTables(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      uint64_t* tables);
void comparisonAnswer(size_t count, unsigned ringBits, const uint64_t* tables, const uint8_t* corrections,
                      const uint64_t* x, uint64_t* share, uint8_t* message);

void comparisonFinish(size_t count, unsigned ringBits, const uint64_t* x, const uint8_t* message, const uint64_t* pads,
                      uint64_t* share);

}  // namespace cipherprune
