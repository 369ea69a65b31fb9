/** What `bench kernels` runs: one line per kernel, at sizes that BERT-base uses. */
import { homomorphicCases } from './homomorphic.js';
import type { KernelCase } from './kernel-case.js';
import { obliviousTransferCases } from './oblivious-transfer.js';
import { ringCases } from './ring.js';
import { symmetricCases } from './symmetric.js';

export const kernelCases = (): readonly KernelCase[] => [
  ...ringCases(),
  ...symmetricCases(),
  ...obliviousTransferCases(),
  ...homomorphicCases(),
];
