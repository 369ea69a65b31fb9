// Which instruction sets this processor has, and which of them the kernels may use. Tests and benchmarks lower the
// limit to run every path that the machine can run.
#pragma once

namespace cipherprune {

enum class Isa : int { portable = 0, avx2 = 1, avx512 = 2 };

/** The best instruction set that the processor has. avx2 includes AES-NI, FMA and BMI2; avx512 includes
 *  F, DQ, BW, VL, IFMA, VBMI, GFNI, VAES and VPCLMULQDQ. */
Isa detectedIsa();

/** The set that kernels use now: the lower of the detected one and the limit. */
Isa activeIsa();

/** True if kernels may use AVX512_BF16: the processor has it and the limit allows AVX-512. */
bool hasBfloat16();

/** Lowers (or restores) the limit. */
void limitIsa(Isa limit);

}  // namespace cipherprune
