/** All kernels, whatever runs them. Each area of kernels/types/ describes its part of the surface. */
import type { CotKernels } from './types/cot.js';
import type { CpuKernels } from './types/cpu.js';
import type { FerretKernels } from './types/ferret.js';
import type { FloatKernels } from './types/float.js';
import type { CarryKernels } from './types/carry.js';
import type { LookUpKernels } from './types/look-up.js';
import type { NttKernels } from './types/ntt.js';
import type { OtKernels } from './types/ot.js';
import type { PrgKernels } from './types/prg.js';
import type { ResidentKernels } from './types/resident.js';
import type { RingKernels } from './types/ring.js';
import type { RlweKernels } from './types/rlwe.js';
import type { RunningHashKernels } from './types/running-hash.js';
import type { SeedMatrixKernels } from './types/seed-matrix.js';
import type { UnitVectorKernels } from './types/unit-vectors.js';

export type Kernels = CpuKernels &
  FerretKernels &
  FloatKernels &
  CotKernels &
  LookUpKernels &
  CarryKernels &
  NttKernels &
  OtKernels &
  PrgKernels &
  ResidentKernels &
  RingKernels &
  RlweKernels &
  RunningHashKernels &
  SeedMatrixKernels &
  UnitVectorKernels;
