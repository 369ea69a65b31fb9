/** The part of the WebAssembly interface that the kernels use; TypeScript has it with the whole DOM only. */
declare namespace WebAssembly {
  type ImportValue = (...args: never[]) => unknown;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  class Module {
    constructor(bytes: BufferSource);
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  type BufferSource = ArrayBufferView | ArrayBufferLike;
  function compile(bytes: BufferSource): Promise<Module>;
}
