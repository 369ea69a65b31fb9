#include "ntt.h"
#include "src/base/fail.h"

#include <string>

#include "src/base/cpu.h"

namespace cipherprune {

namespace {

/** One word at a time; the compiler vectorises the loops as far as the target allows. */
struct V {
  static constexpr size_t lanes = 1;
  uint32_t v;
  static V load(const uint32_t* at) { return {*at}; }
  static V set(uint32_t x) { return {x}; }
  void store(uint32_t* at) const { *at = v; }
  static V add(V x, V y) { return {x.v + y.v}; }
  static V sub(V x, V y) { return {x.v - y.v}; }
  static V min(V x, V y) { return {x.v < y.v ? x.v : y.v}; }
  static V mullo(V x, V y) { return {x.v * y.v}; }
  static V mulhi(V x, V y) { return {static_cast<uint32_t>((static_cast<uint64_t>(x.v) * y.v) >> 32)}; }
  static V gather(const uint32_t* x, const uint32_t* index) { return {x[*index]}; }
  static V select(V mask, V x, V y) { return {(mask.v & x.v) | (~mask.v & y.v)}; }
  static V signs(V x) { return {static_cast<uint32_t>(static_cast<int32_t>(x.v) >> 31)}; }
  static void transpose(uint32_t* block) {
    for (size_t i = 0; i < 16; i++)
      for (size_t j = 0; j < i; j++) {
        const uint32_t swap = block[16 * i + j];
        block[16 * i + j] = block[16 * j + i];
        block[16 * j + i] = swap;
      }
  }
};

struct W {
  uint64_t v = 0;
  void addProduct(V x, V y) { v += static_cast<uint64_t>(x.v) * y.v; }
  void addBroadcast(uint32_t x, V y) { v += static_cast<uint64_t>(x) * y.v; }
  V low() const { return {static_cast<uint32_t>(v)}; }
  V high() const { return {static_cast<uint32_t>(v >> 32)}; }
};

#include "poly-loops.inl"
#include "poly-table.inl"

size_t bitReverse(size_t value, size_t bound) {
  size_t result = 0;
  for (; bound > 1; bound >>= 1, value >>= 1) result = (result << 1) | (value & 1);
  return result;
}

bool isPrime(uint32_t p) {
  if (p < 2) return false;
  for (uint32_t d = 2; static_cast<uint64_t>(d) * d <= p; d++)
    if (p % d == 0) return false;
  return true;
}

/** A primitive 2n-th root of unity: the first power of a small base whose n-th power is -1. */
uint32_t primitiveRoot(const Modulus& m, size_t n) {
  for (uint32_t base = 2; base < m.p; base++) {
    const uint32_t root = m.power(base, (m.p - 1) / (2 * n));
    if (m.power(root, n) == m.p - 1) return root;
  }
  fail("NttTable: no primitive root modulo " + std::to_string(m.p));
}

void fillTail(size_t n, const uint32_t* roots, uint32_t* tail) {
  for (size_t k = 0; k < n / 256; k++)
    for (size_t nodes = 1; nodes <= 8; nodes *= 2)
      for (size_t b = 0; b < nodes; b++)
        for (size_t lane = 0; lane < 16; lane++)
          tail[240 * k + 16 * (nodes + b - 1) + lane] = roots[nodes * (n / 16 + 16 * k + lane) + b];
}

}  // namespace

NttTable::NttTable(uint32_t prime, size_t n) : modulus(prime), n(n) {
  if (n < 16 || (n & (n - 1)) || prime >> primeBits || prime % (2 * n) != 1 || !isPrime(prime)) {
    fail("NttTable: " + std::to_string(prime) + " is not a prime below 2^26 with 2n | p - 1 for n = " + std::to_string(n));
  }
  const size_t tailWords = n / 256 * 240;
  storage.resize(4 * n + 4 * tailWords);
  uint32_t *values = storage.data(), *quotients = values + n, *inverseValues = quotients + n, *inverseQ = inverseValues + n;
  const uint32_t root = primitiveRoot(modulus, n);
  const Factor step = modulus.factor(root), back = modulus.factor(modulus.inverse(root));
  uint32_t power = 1, inversePower = 1;
  for (size_t i = 0; i < n; i++) {
    const size_t at = bitReverse(i, n);
    const Factor f = modulus.factor(power), g = modulus.factor(inversePower);
    values[at] = f.value, quotients[at] = f.quotient, inverseValues[at] = g.value, inverseQ[at] = g.quotient;
    power = modulus.multiply(power, step), inversePower = modulus.multiply(inversePower, back);
  }
  uint32_t* tails = inverseQ + n;
  for (size_t k = 0; k < 4; k++) fillTail(n, values + k * n, tails + k * tailWords);
  roots = values, rootQuotients = quotients, inverses = inverseValues, inverseQuotients = inverseQ;
  tail = tails, tailQuotients = tails + tailWords;
  inverseTail = tails + 2 * tailWords, inverseTailQuotients = tails + 3 * tailWords;
  scale = modulus.factor(modulus.inverse(static_cast<uint32_t>(n)));
}

const PolyLoops& polyLoops() {
#ifdef CIPHERPRUNE_X86
  if (activeIsa() == Isa::avx512) return polyLoopsAvx512;
  if (activeIsa() == Isa::avx2) return polyLoopsAvx2;
#endif
  return table;
}

}  // namespace cipherprune
