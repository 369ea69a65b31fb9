/** Which precision a run can have on this machine. */

import { kernels } from '#kernels';
import type { RunConfig } from '../../config/schema.js';
import { onNativeBackend } from '../backend/kernel.js';

/** True if matrix products can round to bfloat16: an instruction of the processor, and our kernels. */
export const hasBfloat16 = (): boolean => onNativeBackend() && kernels.hasBfloat16();

/** The configuration as this machine runs it: `float32` instead of a `bf16` that it does not have. */
export const withUsablePrecision = (config: RunConfig): RunConfig =>
  config.precision === 'bf16' && !hasBfloat16() ? { ...config, precision: 'float32' } : config;

/** What was asked for, as a run that may have fallen back to `float32` understood it: for comparing the two. */
export const asUsed = (wanted: RunConfig, used: RunConfig): RunConfig =>
  used.precision === 'float32' ? { ...wanted, precision: 'float32' } : wanted;
