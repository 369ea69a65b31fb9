/** The kernels in a browser: the module lies beside this file, or beside the bundle that holds it. */
import type { Kernels } from '../kernels.js';
import { WasmInstance } from './instance.js';

async function load(): Promise<Kernels> {
  const response = await fetch(new URL('./cipherprune.wasm', import.meta.url));
  if (!response.ok) throw new Error(`kernels: expected ${response.url}, got status ${response.status}`);
  const module = await WebAssembly.compile(await response.arrayBuffer());
  return new WasmInstance((imports) => new WebAssembly.Instance(module, imports)).kernels();
}

/** As in Node, where either of them may run. */
export const kernelKind: 'native' | 'wasm' = 'wasm';
export const kernelThreads = 1;
export const kernels: Kernels = await load();
