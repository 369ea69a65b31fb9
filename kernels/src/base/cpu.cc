#include "cpu.h"

#include <algorithm>
#include <atomic>

namespace cipherprune {

namespace {

Isa detect() {
#ifdef CIPHERPRUNE_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
                    __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vbmi") &&
                      __builtin_cpu_supports("gfni") && __builtin_cpu_supports("vaes") &&
                      __builtin_cpu_supports("vpclmulqdq");
  return avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::portable;
#else
  return Isa::portable;
#endif
}

bool detectBfloat16() {
#ifdef CIPHERPRUNE_X86
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

std::atomic<int> limit{static_cast<int>(Isa::avx512)};

}  // namespace

Isa detectedIsa() {
  static const Isa isa = detect();
  return isa;
}

Isa activeIsa() { return static_cast<Isa>(std::min(static_cast<int>(detectedIsa()), limit.load(std::memory_order_relaxed))); }

bool hasBfloat16() {
  static const bool detected = detectBfloat16();
  return detected && activeIsa() == Isa::avx512;
}

void limitIsa(Isa isa) { limit.store(static_cast<int>(isa), std::memory_order_relaxed); }

}  // namespace cipherprune
