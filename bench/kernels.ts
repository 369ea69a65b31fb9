/** `bench kernels`: the rate of each kernel on every instruction set of this processor, against a stated bound. */
import { kernels } from '#kernels';
import { kernelCases } from './kernel-cases/index.js';
import type { KernelCase } from './kernel-cases/kernel-case.js';
import { fastestRun, rounded } from './measure.js';

const ISA_NAMES = ['portable', 'avx2', 'avx512'] as const;
const MILLISECONDS_EACH = 150;

export interface KernelFigure {
  readonly name: string;
  readonly shape: string;
  readonly isa: string;
  readonly milliseconds: number;
  /** Units a second. */
  readonly rate: number;
  readonly unit: string;
  readonly bound: number;
  readonly boundReason: string;
  readonly ratio: number;
}

async function figureOf(kernel: KernelCase, isa: number): Promise<KernelFigure> {
  const { name, shape, unit, amount, bound } = kernel;
  const milliseconds = await fastestRun(kernel.prepare(), MILLISECONDS_EACH);
  const rate = amount / (milliseconds / 1000);
  return {
    name,
    shape,
    isa: ISA_NAMES[isa]!,
    milliseconds: rounded(milliseconds),
    rate: rounded(rate),
    unit: `${unit}/s`,
    bound: rounded(bound.rate),
    boundReason: bound.reason,
    ratio: rounded(rate / bound.rate),
  };
}

export const kernelNames = (): string[] => [...new Set(kernelCases().map(({ name }) => name))];

/** Figures one by one, as they come; `names` null: of all kernels. */
export async function* benchKernels(names: readonly string[] | null): AsyncGenerator<KernelFigure> {
  const cases = kernelCases().filter(({ name }) => !names || names.includes(name));
  const best = kernels.detectedIsa();
  try {
    for (const kernel of cases)
      for (let isa = best; isa >= 0; isa--) {
        kernels.limitIsa(isa);
        yield await figureOf(kernel, isa);
      }
  } finally {
    kernels.limitIsa(best);
  }
}
