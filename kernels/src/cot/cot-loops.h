// The loops of cot-product.h and comparison.h as each instruction set compiles them.
#pragma once
#include "comparison.h"
#include "cot-product.h"
#include "look-up.h"

namespace cipherprune {

/** COTs whose pads are made together: a few short rows fill what the hash computes at a time. */
constexpr unsigned kPadRows = 8;
/** Of a product's `scratch`, each of the width in 8-byte words, rounded up to 16 bytes: pads of both choices, and three more. */
constexpr size_t kScratchRows = 2 * kPadRows + 3;

/** Some items of a look-up's sender. Lanes are the narrowest words that hold an entry. */
struct LookUpTile {
  LookUpPlan plan;
  size_t items;
  /** Bytes from the pads of one COT to those of the next one. */
  size_t stride;
  const uint8_t* zero;
  const uint8_t* one;
  const uint8_t* corrections;
  const uint8_t* correctionsEnd;
  /** Bit at which those of the first item begin. */
  size_t firstCorrection;
  /** Of the table. */
  size_t entries;
  /** Lanes [entries / 2^indexBits, 2 · 2^indexBits]: entries that far apart side by side, twice. */
  const void* turned;
  /** Lanes [indexBits, 2^indexBits]: bit t of j as a mask. */
  const void* slotBits;
  /** Scratch, lanes [2^indexBits]. */
  void* pads;
};

struct CotLoops {
  void (*productSend)(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                      const uint8_t* corrections, const uint64_t* x, const uint64_t* top, uint64_t* share, uint8_t* message,
                      uint8_t* scratch);
  void (*productBegin)(const CotProductPlan& plan, const CotProductItems& part, const uint8_t* blocks, Tweak tweak, uint64_t* share,
                       uint8_t* scratch);
  /** Of width 1. */
  void (*productChoices)(const CotProductPlan& plan, const uint8_t* random, uint64_t* y, uint8_t* corrections);
  void (*productFinish)(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint8_t* message, uint64_t* share,
                        uint8_t* scratch);
  void (*productOwn)(const CotProductPlan& plan, const CotProductItems& part, const uint64_t* y, const uint64_t* x, uint64_t* product);
  void (*comparisonSend)(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                         const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message);
  void (*comparisonBegin)(size_t count, unsigned ringBits, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                          uint64_t* pads);
  void (*comparisonTables)(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                           uint64_t* tables);
  void (*comparisonAnswer)(size_t count, unsigned ringBits, const uint64_t* tables, const uint8_t* corrections,
                           const uint64_t* x, uint64_t* share, uint8_t* message);
  /** x, share [items], messages [items, 2^indexBits - 1]. */
  void (*lookUpMessages)(const LookUpTile& tile, const uint64_t* x, uint64_t* share, uint64_t* messages);
};

extern const CotLoops cotLoopsPortable;
extern const CotLoops cotLoopsAvx2;
extern const CotLoops cotLoopsAvx512;

const CotLoops& cotLoops();

}  // namespace cipherprune
