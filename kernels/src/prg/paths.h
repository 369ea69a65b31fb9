// The functions of prg.h once per instruction set and suite; prg.cc chooses.
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

/** In the suite `chacha`. Of block `number` on, 64 bytes each; keys, rows and parents are blocks of 16 bytes. */
struct ChaChaPath {
  /** The stream of one key under nonce 0: count · 64 bytes. */
  void (*stream)(const uint8_t* key, uint64_t number, uint8_t* out, size_t count);
  /** The first perKey · 16 bytes from block `number` of keys[i] under nonce + i · step. */
  void (*rows)(const uint8_t* keys, uint64_t number, uint64_t nonce, uint64_t step, uint8_t* out, size_t count,
               size_t perKey);
  /** zeros[i] of in[i] and ones[i] of in[i] xor delta, 16 bytes each, under nonce + i. */
  void (*pairs)(const uint8_t* in, const uint8_t* delta, uint64_t nonce, uint8_t* zeros, uint8_t* ones, size_t count);
  /** The first 32 bytes of each parent. */
  void (*children)(const uint8_t* parents, uint64_t nonce, uint8_t* out, size_t count);
  /** The first 16 bytes, and the parent's difference to them. */
  void (*correlated)(const uint8_t* parents, uint64_t nonce, uint8_t* children, size_t count);
};

extern const PrgPath portablePrgPath;
extern const ChaChaPath portableChaChaPath;
#ifdef CIPHERPRUNE_X86
extern const PrgPath avx2PrgPath, avx512PrgPath;
extern const ChaChaPath avx2ChaChaPath, avx512ChaChaPath;
#endif

}  // namespace cipherprune
