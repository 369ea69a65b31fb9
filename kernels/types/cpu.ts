/** Instruction sets in order: 0 portable C++, 1 AVX2 with AES-NI, 2 AVX-512 with IFMA, VBMI, GFNI and VAES. */
export interface CpuKernels {
  /** The best set that this processor has. */
  detectedIsa(): number;
  /** True if matrix products can round to bfloat16: AVX512_BF16 is there, and the limit allows AVX-512. */
  hasBfloat16(): boolean;
  /** Kernels use at most this set from now on; for tests and benchmarks. */
  limitIsa(isa: number): void;
}
