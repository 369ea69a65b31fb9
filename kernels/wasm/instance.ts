/**
 * The kernels as WebAssembly. Arguments are copied into the module's memory and arrays back from it, since WebAssembly sees no
 * other memory: bindings may write to any array that they get. One instance has one thread; jobs run within the call.
 */
import type { Kernels } from '../kernels.js';

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  allocate(bytes: number): number;
  release(at: number): void;
  bindingCount(): number;
  bindingName(index: number): number;
  invoke(index: number, args: number, count: number, result: number): number;
}

type TypedArray =
  | Uint8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigUint64Array;

/** In the order of ArrayKind in kernels/bindings/key.h. */
const ARRAY_KINDS = [
  Uint8Array,
  Int16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
];
/** Argument::Type in kernels/wasm/call.h. */
const [ABSENT, NUMBER, FLAG, BIGINT, ARRAY] = [0, 1, 2, 3, 4];
const ARGUMENT_BYTES = 32;
/** Outcome::Kind in kernels/bindings/binding.h. */
const [OUTCOME_NOTHING, , OUTCOME_FLAG, OUTCOME_JOB] = [0, 1, 2, 3];
/** Memory that stays for the next call; more than this is given back at once. */
const KEPT_BYTES = 1 << 24;
/** Start of every array: SIMD instructions like it. */
const ALIGNMENT = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** A stretch of one JavaScript buffer, copied as a whole: arrays that overlap must overlap in the module too. */
interface Stretch {
  readonly buffer: ArrayBufferLike;
  begin: number;
  end: number;
  at: number;
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

export class WasmInstance {
  readonly #exports: Exports;
  readonly #names = new Map<string, number>();
  #arena = 0;
  #arenaBytes = 0;

  constructor(instantiate: (imports: WebAssembly.Imports) => WebAssembly.Instance) {
    const fail = (ofRange: number, at: number, length: number): never => {
      const message = this.#text(at, length);
      throw ofRange ? new RangeError(message) : new TypeError(message);
    };
    const instance = instantiate({ cipherprune: { fail }, wasi_snapshot_preview1: WASI });
    this.#exports = instance.exports as unknown as Exports;
    this.#exports._initialize();
  }

  /** Every binding as a function. */
  kernels(): Kernels {
    const functions: Record<string, unknown> = {};
    for (let index = 0; index < this.#exports.bindingCount(); index++) {
      const name = this.#string(this.#exports.bindingName(index));
      functions[name] = (...args: unknown[]) => this.#call(index, args);
    }
    return functions as unknown as Kernels;
  }

  #call(index: number, args: readonly unknown[]): unknown {
    const fields: [string | null, unknown][] =
      args.length === 1 && isPlainObject(args[0])
        ? Object.entries(args[0])
        : args.map((value) => [null, value]);
    const stretches = stretchesOf(fields);
    const arrays = stretches.reduce((sum, { begin, end }) => sum + aligned(end - begin), 0);
    const table = this.#reserve(aligned(fields.length * ARGUMENT_BYTES + 8) + arrays);
    let at = table + aligned(fields.length * ARGUMENT_BYTES + 8);
    const bytes = new Uint8Array(this.#exports.memory.buffer);
    for (const stretch of stretches) {
      stretch.at = at;
      bytes.set(new Uint8Array(stretch.buffer, stretch.begin, stretch.end - stretch.begin), at);
      at += aligned(stretch.end - stretch.begin);
    }
    const view = new DataView(this.#exports.memory.buffer);
    for (const [i, [name, value]] of fields.entries())
      this.#writeArgument(view, table + 8 + i * ARGUMENT_BYTES, name, value, stretches);
    try {
      const kind = this.#exports.invoke(index, table + 8, fields.length, table);
      // The memory may have grown: views of before are detached.
      const after = this.#exports.memory.buffer;
      for (const { buffer, begin, end, at: from } of stretches)
        new Uint8Array(buffer, begin, end - begin).set(new Uint8Array(after, from, end - begin));
      const result = new DataView(after).getFloat64(table, true);
      if (kind === OUTCOME_NOTHING) return undefined;
      if (kind === OUTCOME_FLAG) return result !== 0;
      return kind === OUTCOME_JOB ? Promise.resolve(result) : result;
    } finally {
      if (this.#arenaBytes > KEPT_BYTES) {
        this.#exports.release(this.#arena);
        this.#arena = 0;
        this.#arenaBytes = 0;
      }
    }
  }

  #writeArgument(
    view: DataView,
    at: number,
    name: string | null,
    value: unknown,
    stretches: readonly Stretch[],
  ): void {
    for (let offset = 0; offset < ARGUMENT_BYTES; offset += 8) view.setBigUint64(at + offset, 0n);
    if (name !== null) view.setUint32(at + 24, this.#nameOf(name), true);
    if (typeof value === 'number') {
      view.setUint32(at, NUMBER!, true);
      view.setFloat64(at + 16, value, true);
    } else if (typeof value === 'boolean') {
      view.setUint32(at, FLAG!, true);
      view.setFloat64(at + 16, value ? 1 : 0, true);
    } else if (typeof value === 'bigint') {
      view.setUint32(at, BIGINT!, true);
      view.setBigUint64(at + 16, BigInt.asUintN(64, value), true);
    } else if (isTypedArray(value)) {
      const stretch = stretches.find((one) => holds(one, value))!;
      view.setUint32(at, ARRAY!, true);
      view.setUint32(at + 4, kindOf(value), true);
      view.setUint32(at + 8, stretch.at + value.byteOffset - stretch.begin, true);
      view.setUint32(at + 12, value.length, true);
    } else {
      view.setUint32(at, value === null || value === undefined ? ABSENT! : 0xff, true);
    }
  }

  /** Memory for one call; calls do not nest. */
  #reserve(bytes: number): number {
    if (this.#arenaBytes < bytes) {
      if (this.#arena !== 0) this.#exports.release(this.#arena);
      this.#arenaBytes = Math.max(bytes, 1 << 16);
      this.#arena = this.#exports.allocate(this.#arenaBytes + ALIGNMENT);
      if (this.#arena === 0) {
        this.#arenaBytes = 0;
        throw new RangeError(`kernels: expected ${bytes} bytes of WebAssembly's memory, got none`);
      }
    }
    return aligned(this.#arena);
  }

  /** Names of fields stay in the module's memory. */
  #nameOf(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${name}\0`);
    const at = this.#exports.allocate(bytes.length);
    new Uint8Array(this.#exports.memory.buffer).set(bytes, at);
    this.#names.set(name, at);
    return at;
  }

  #text(at: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.#exports.memory.buffer).slice(at, at + length));
  }

  #string(at: number): string {
    const bytes = new Uint8Array(this.#exports.memory.buffer);
    return this.#text(at, bytes.indexOf(0, at) - at);
  }
}

const isTypedArray = (value: unknown): value is TypedArray =>
  ARRAY_KINDS.some((kind) => value instanceof kind);

const kindOf = (array: TypedArray): number => ARRAY_KINDS.findIndex((kind) => array instanceof kind);

const holds = ({ buffer, begin, end }: Stretch, array: TypedArray): boolean =>
  buffer === array.buffer && begin <= array.byteOffset && array.byteOffset + array.byteLength <= end;

/** The stretches of memory that the arrays of a call lie in; those that overlap are one. */
function stretchesOf(fields: readonly (readonly [string | null, unknown])[]): Stretch[] {
  let stretches: Stretch[] = [];
  for (const [, value] of fields) {
    if (!isTypedArray(value)) continue;
    const added: Stretch = {
      buffer: value.buffer,
      begin: value.byteOffset,
      end: value.byteOffset + value.byteLength,
      at: 0,
    };
    const apart: Stretch[] = [];
    for (const other of stretches) {
      const overlaps = other.buffer === added.buffer && other.begin < added.end && added.begin < other.end;
      const same = other.buffer === added.buffer && other.begin === added.begin && other.end === added.end;
      if (overlaps || same) {
        added.begin = Math.min(added.begin, other.begin);
        added.end = Math.max(added.end, other.end);
      } else apart.push(other);
    }
    stretches = [...apart, added];
  }
  return stretches;
}

/** What libc asks of its surroundings; kernels use no files, clocks or environment. */
const WASI: WebAssembly.ModuleImports = new Proxy(
  {},
  {
    get: (_, name) => () => {
      if (name === 'environ_sizes_get' || name === 'args_sizes_get') return 0;
      throw new Error(`kernels: ${String(name)} is not to be had in WebAssembly`);
    },
  },
);
