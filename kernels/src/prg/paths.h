// The functions of prg.h once per instruction set; prg.cc chooses.
#pragma once

#include "prg.h"

namespace cipherprune {

struct PrgPath {
  void (*encrypt)(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count);
  void (*counter)(const AesKey& key, uint64_t firstBlock, uint8_t* out, size_t count);
  void (*hash)(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count, uint64_t tweak);
  void (*hashPairs)(const AesKey& key, const uint8_t* in, const uint8_t* delta, uint8_t* zeros, uint8_t* ones,
                    size_t count, uint64_t tweak);
  void (*expand)(const AesKey& key, const uint8_t* seeds, uint8_t* out, size_t count, size_t perSeed, uint64_t tweak);
  void (*ggmDouble)(const uint8_t* parents, uint8_t* children, size_t count);
  void (*correlatedDouble)(const uint8_t* parents, uint8_t* children, size_t count);
};

extern const PrgPath portablePrgPath;
#ifdef CIPHERPRUNE_X86
extern const PrgPath avx2PrgPath;
extern const PrgPath avx512PrgPath;
#endif

}  // namespace cipherprune
