/** Every instruction set that this processor has, for tests that run each path of a kernel. */
import { kernels } from '#kernels';

const ISA_NAMES = ['portable', 'avx2', 'avx512'] as const;

export const availableIsas = ISA_NAMES.map((name, isa) => ({ name, isa })).filter(
  ({ isa }) => isa <= kernels.detectedIsa(),
);

/** Runs `body` with kernels limited to one instruction set. */
export function withIsa<T>(isa: number, body: () => T): T {
  kernels.limitIsa(isa);
  try {
    return body();
  } finally {
    kernels.limitIsa(kernels.detectedIsa());
  }
}

/** The same for a body that waits; nothing else may run kernels meanwhile. */
export async function withIsaAsync<T>(isa: number, body: () => Promise<T>): Promise<T> {
  kernels.limitIsa(isa);
  try {
    return await body();
  } finally {
    kernels.limitIsa(kernels.detectedIsa());
  }
}
