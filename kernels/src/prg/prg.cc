#include "prg.h"

#include <cstring>

#include "src/base/cpu.h"
#include "paths.h"

namespace cipherprune {
namespace {

const PrgPath& activePath() {
#ifdef CIPHERPRUNE_X86
  const Isa isa = activeIsa();
  if (isa == Isa::avx512) return avx512PrgPath;
  if (isa == Isa::avx2) return avx2PrgPath;
#endif
  return portablePrgPath;
}

const ChaChaPath& chaChaPath() {
#ifdef CIPHERPRUNE_X86
  const Isa isa = activeIsa();
  if (isa == Isa::avx512) return avx512ChaChaPath;
  if (isa == Isa::avx2) return avx2ChaChaPath;
#endif
  return portableChaChaPath;
}

/** Nonces of trees, beside those of generators (0) and of hashes: "children" and "halftree". */
constexpr uint64_t kChildrenNonce = 0x6e6572646c696863, kHalfTreeNonce = 0x65657274666c6168;

/** Nothing up our sleeve: the first hexadecimal digits of the fraction of pi. */
const uint8_t kFixedKeyBytes[4][kBlockBytes] = {
    {0x24, 0x3f, 0x6a, 0x88, 0x85, 0xa3, 0x08, 0xd3, 0x13, 0x19, 0x8a, 0x2e, 0x03, 0x70, 0x73, 0x44},
    {0xa4, 0x09, 0x38, 0x22, 0x29, 0x9f, 0x31, 0xd0, 0x08, 0x2e, 0xfa, 0x98, 0xec, 0x4e, 0x6c, 0x89},
    {0x45, 0x28, 0x21, 0xe6, 0x38, 0xd0, 0x13, 0x77, 0xbe, 0x54, 0x66, 0xcf, 0x34, 0xe9, 0x0c, 0x6c},
    {0xc0, 0xac, 0x29, 0xb7, 0xc9, 0x7c, 0x50, 0xdd, 0x3f, 0x84, 0xd5, 0xb5, 0xb5, 0x47, 0x09, 0x17},
};

struct FixedKeys {
  AesKey keys[4];
  FixedKeys() {
    for (int i = 0; i < 4; i++) aesSetKey(&keys[i], kFixedKeyBytes[i]);
  }
};

/**
 * The key for the tweaks from `tweak` to the next multiple of kTweaksPerKey: AES of its number under the fixed key. Public, and
 * another one for each stretch, so that what is hashed under one delta spreads over many instances of the cipher.
 */
class HashKeys {
 public:
  const AesKey& at(uint64_t tweak) {
    const uint64_t index = tweak / kTweaksPerKey;
    if (isEmpty || index != current) {
      uint8_t block[kBlockBytes] = {};
      memcpy(block, &index, sizeof index);
      activePath().encrypt(fixedAesKey(FixedKey::hash), block, block, 1);
      aesSetKey(&key, block);
      current = index;
      isEmpty = false;
    }
    return key;
  }

 private:
  AesKey key;
  uint64_t current = 0;
  bool isEmpty = true;
};

/** body(key, first, count) for stretches of blocks under one key. */
template <class Body>
void byHashKey(size_t count, uint64_t tweak, Body body) {
  // Calls for a single block each come in order: their key stays.
  thread_local HashKeys keys;
  for (size_t first = 0; first < count;) {
    const uint64_t left = kTweaksPerKey - (tweak + first) % kTweaksPerKey;
    const size_t part = count - first < left ? count - first : static_cast<size_t>(left);
    body(keys.at(tweak + first), first, part);
    first += part;
  }
}

}  // namespace

const AesKey& fixedAesKey(FixedKey which) {
  static const FixedKeys fixed;
  return fixed.keys[static_cast<int>(which)];
}

void aesEncrypt(const AesKey& key, const uint8_t* in, uint8_t* out, size_t count) {
  activePath().encrypt(key, in, out, count);
}

void prgFill(const AesKey& key, uint64_t firstBlock, uint8_t* out, size_t byteLength) {
  const size_t whole = byteLength / kBlockBytes, rest = byteLength % kBlockBytes;
  activePath().counter(key, firstBlock, out, whole);
  if (rest == 0) return;
  uint8_t last[kBlockBytes];
  activePath().counter(key, firstBlock + whole, last, 1);
  memcpy(out + whole * kBlockBytes, last, rest);
}

PrgKey::PrgKey(Suite suite, const uint8_t* bytes) : suite(suite) {
  memcpy(seed, bytes, sizeof seed);
  if (suite == Suite::aes) aesSetKey(&aes, bytes);
}

/** Blocks of 64 bytes; what the caller wants may begin and end within one. */
static void chaChaFill(const uint8_t* seed, uint64_t firstBlock, uint8_t* out, size_t byteLength) {
  constexpr size_t kBytes = 64;
  uint64_t number = firstBlock / 4;
  uint8_t part[kBytes];
  const size_t skipped = firstBlock % 4 * kBlockBytes;
  if (skipped > 0) {
    const size_t taken = byteLength < kBytes - skipped ? byteLength : kBytes - skipped;
    chaChaPath().stream(seed, number++, part, 1);
    memcpy(out, part + skipped, taken);
    out += taken;
    byteLength -= taken;
  }
  const size_t whole = byteLength / kBytes, rest = byteLength % kBytes;
  chaChaPath().stream(seed, number, out, whole);
  if (rest == 0) return;
  chaChaPath().stream(seed, number + whole, part, 1);
  memcpy(out + whole * kBytes, part, rest);
}

void prgFill(const PrgKey& key, uint64_t firstBlock, uint8_t* out, size_t byteLength) {
  if (key.suite == Suite::aes) return prgFill(key.aes, firstBlock, out, byteLength);
  chaChaFill(key.seed, firstBlock, out, byteLength);
}

void hashBlocks(const uint8_t* in, uint8_t* out, size_t count, Tweak tweak) {
  if (tweak.suite == Suite::chacha) return chaChaPath().rows(in, 0, tweak.number, 1, out, count, 1);
  byHashKey(count, tweak.number, [=](const AesKey& key, size_t first, size_t part) {
    activePath().hash(key, in + first * kBlockBytes, out + first * kBlockBytes, part, tweak.number + first);
  });
}

void hashPairs(const uint8_t* in, const uint8_t* delta, uint8_t* zeros, uint8_t* ones, size_t count, Tweak tweak) {
  if (tweak.suite == Suite::chacha) return chaChaPath().pairs(in, delta, tweak.number, zeros, ones, count);
  byHashKey(count, tweak.number, [=](const AesKey& key, size_t first, size_t part) {
    const size_t at = first * kBlockBytes;
    activePath().hashPairs(key, in + at, delta, zeros + at, ones + at, part, tweak.number + first);
  });
}

void expandBlocks(const uint8_t* seeds, uint8_t* out, size_t count, size_t blocksPerSeed, Tweak tweak) {
  if (tweak.suite == Suite::chacha) return chaChaPath().rows(seeds, 0, tweak.number, 1, out, count, blocksPerSeed);
  byHashKey(count, tweak.number, [=](const AesKey& key, size_t first, size_t part) {
    const size_t at = first * kBlockBytes;
    activePath().expand(key, seeds + at, out + at * blocksPerSeed, part, blocksPerSeed, tweak.number + first);
  });
}

void ggmDouble(Suite suite, const uint8_t* parents, uint8_t* children, size_t count) {
  if (suite == Suite::chacha) return chaChaPath().children(parents, kChildrenNonce, children, count);
  activePath().ggmDouble(parents, children, count);
}

void chaChaChildren(const uint8_t* parents, uint64_t nonce, uint8_t* children, size_t count) {
  chaChaPath().children(parents, nonce, children, count);
}

void chaChaRows(const uint8_t* keys, uint64_t number, uint64_t nonce, uint8_t* out, size_t count, size_t blocks) {
  chaChaPath().rows(keys, number, nonce, 0, out, count, blocks);
}

void correlatedDouble(Suite suite, const uint8_t* parents, uint8_t* children, size_t count) {
  if (suite == Suite::chacha) return chaChaPath().correlated(parents, kHalfTreeNonce, children, count);
  activePath().correlatedDouble(parents, children, count);
}

}  // namespace cipherprune
