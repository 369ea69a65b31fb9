/**
 * The fixed-point oracle: both parties in one process, exact integers modulo 2^ringBits, no secrets. It computes what
 * the two-party engine computes, except that `truncateReduce` rounds to nearest (theirs is off by at most one unit in the
 * last place). It also sees what shares hide: values that do not fit the ring in which they are used.
 */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { Backend, LeakName, RowShifts, ShuffleRows, Sign, Weight, WeightSource } from '../backend.js';
import {
  bitsOf,
  dataOf,
  LocalBackend,
  type LocalBits,
  type LocalTensor,
  localBits,
  localTensor,
  ROUNDING,
} from '../local-backend.js';
import { exponentialTables } from '../exponential.js';
import * as operations from '../operations.js';

/** A value that did not fit: in the secure engine it would wrap around. Calibration was too narrow. */
export interface Overflow {
  readonly operation: 'narrow' | 'widen';
  /** Values must stay below this in magnitude. */
  readonly limit: number;
  /** The largest magnitude met, up to half a unit. */
  readonly largest: number;
}

export interface CleartextOptions {
  /** Called for every opened value. */
  readonly recordLeak?: (name: LeakName, to: PartyId | 'all') => void;
  readonly onOverflow?: (overflow: Overflow) => void;
}

interface CleartextWeight extends Weight {
  readonly matrix: Int16Array;
  readonly bias: Float64Array;
}

export class CleartextBackend extends LocalBackend implements Backend {
  override readonly self: PartyId = 'server';
  protected override readonly addsPublicValues = true;
  protected override readonly truncation = ROUNDING.nearest;
  readonly #options: CleartextOptions;

  constructor(options: CleartextOptions = {}) {
    super();
    this.#options = options;
  }

  override narrow(x: SharedTensor, ringBits: number): LocalTensor {
    this.#checkRange('narrow', x, ringBits - 1);
    return super.narrow(x, ringBits);
  }

  /** Any number is 0 here: that fits every ring, so that overflows are those of values that count. */
  override narrowLoosely(x: SharedTensor, ringBits: number, range: number): LocalTensor {
    const bound = BigInt(Math.round(range * 2 ** x.fractionBits));
    const wide = new BigUint64Array(sizeOf(x.shape));
    kernels.ringSignExtend(dataOf(x), x.ringBits, 64, wide);
    const isBelow = (offset: bigint): Uint8Array => {
      const moved = new BigUint64Array(wide.length);
      if (wide.length > 0) kernels.ringAdd(wide, BigUint64Array.of(BigInt.asUintN(64, offset)), 64, moved);
      const bits = new Uint8Array(wide.length);
      kernels.ringSignBit(moved, 64, bits);
      return bits;
    };
    const fits = isBelow(bound - 1n);
    kernels.bitsXor(fits, isBelow(-bound), fits);
    kernels.ringSelect(fits, wide, wide);
    return super.narrowLoosely(localTensor(wide, x.shape, { ...x, ringBits: 64 }), ringBits, range);
  }

  async share(x: PrivateTensor): Promise<LocalTensor> {
    return localTensor(known('share', x).data.slice(), x.shape, x);
  }

  async prepare({ name, matrix, bias, ...source }: WeightSource): Promise<Weight> {
    if (matrix === null || bias === null) {
      throw new TensorMismatchError(`prepare ${name}: expected the server's matrix, got null`);
    }
    if (matrix.length !== source.inputs * source.outputs || bias.length !== source.outputs) {
      throw new TensorMismatchError(
        `prepare ${name}: expected [${source.inputs}, ${source.outputs}] and a bias, got ${matrix.length} and ${bias.length} values`,
      );
    }
    const weight: CleartextWeight = { kind: 'weight', ...source, matrix, bias };
    return weight;
  }

  async linear(x: SharedTensor, w: Weight): Promise<LocalTensor> {
    const given = operations.linear(x, w);
    const { matrix, bias, inputs, outputs } = w as CleartextWeight;
    const out = new BigUint64Array(sizeOf(given.shape));
    kernels.ringMatmulInt16(dataOf(x), matrix, given.rows, inputs, outputs, x.ringBits, out);
    return this.addPublic(localTensor(out, given.shape, given), bias);
  }

  async matmul(x: SharedTensor, y: SharedTensor): Promise<LocalTensor> {
    const { extents, ...given } = operations.matmul(x, y);
    const { batch, n, k, m } = extents;
    const out = new BigUint64Array(batch * n * m);
    kernels.ringMatmul(dataOf(x), dataOf(y), batch, n, k, m, x.ringBits, out);
    return localTensor(out, given.shape, given);
  }

  async multiply(x: SharedTensor, y: SharedTensor, ySign: Sign = 'signed'): Promise<LocalTensor> {
    const given = operations.multiply(x, y);
    const factors = y.ringBits < x.ringBits ? this.#lifted(y, x.ringBits, ySign) : y;
    const out = new BigUint64Array(sizeOf(x.shape));
    const kernel = y.shape.length === x.shape.length ? kernels.ringMultiply : kernels.ringMultiplyRows;
    if (out.length > 0) kernel(dataOf(x), dataOf(factors), x.ringBits, out);
    return localTensor(out, given.shape, given);
  }

  async square(x: SharedTensor, ringBits = x.ringBits, sign: Sign = 'signed'): Promise<LocalTensor> {
    operations.square(x, ringBits);
    const wide = ringBits > x.ringBits ? this.#lifted(x, ringBits, sign) : x;
    return this.multiply(wide, wide);
  }

  async multiplyPrivate(x: SharedTensor, y: PrivateTensor): Promise<LocalTensor> {
    const given = operations.multiplyPrivate(x, y);
    const { data } = known('multiplyPrivate', y);
    const factors = new BigUint64Array(data.length);
    kernels.ringSignExtend(data, y.ringBits, x.ringBits, factors);
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringMultiply(dataOf(x), factors, x.ringBits, out);
    return localTensor(out, given.shape, given);
  }

  async widen(x: SharedTensor, ringBits: number): Promise<LocalTensor> {
    operations.widen(x, ringBits);
    return this.#lifted(x, ringBits, 'signed');
  }

  async round(x: SharedTensor, bits: number): Promise<LocalTensor> {
    return this.truncateReduce(x, bits);
  }

  #lifted(x: SharedTensor, ringBits: number, sign: Sign): LocalTensor {
    this.#checkRange('widen', sign === 'signed' ? x : this.#lowered(x), x.ringBits - 2);
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.ringSignExtend(dataOf(x), x.ringBits, ringBits, out);
    return localTensor(out, x.shape, { ringBits, fractionBits: x.fractionBits });
  }

  /** 0 <= x < 2^(k-1) moved to -2^(k-2) .. 2^(k-2), to check it. */
  #lowered(x: SharedTensor): LocalTensor {
    const out = new BigUint64Array(sizeOf(x.shape));
    const half = BigUint64Array.of(1n << BigInt(x.ringBits - 2));
    if (out.length > 0) kernels.ringSubtract(dataOf(x), half, x.ringBits, out);
    return localTensor(out, x.shape, x);
  }

  async isNegative(x: SharedTensor): Promise<LocalBits> {
    const out = new Uint8Array(sizeOf(x.shape));
    kernels.ringSignBit(dataOf(x), x.ringBits, out);
    return localBits(out, x.shape);
  }

  areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<LocalBits> {
    return this.isNegative(localTensor(this.shiftedRows(x, copies), operations.areNegative(x, copies), x));
  }

  async and(a: SharedBits, b: SharedBits): Promise<LocalBits> {
    const out = new Uint8Array(sizeOf(operations.bitwise('and', a, b)));
    kernels.bitsAnd(bitsOf(a), bitsOf(b), out);
    return localBits(out, a.shape);
  }

  async toArithmetic(bits: SharedBits, ringBits: number): Promise<LocalTensor> {
    const out = new BigUint64Array(sizeOf(bits.shape));
    kernels.ringFromBits(bitsOf(bits), out);
    return localTensor(out, bits.shape, operations.toArithmetic(bits, ringBits));
  }

  async multiplex(bits: SharedBits, x: SharedTensor, ringBits = x.ringBits): Promise<LocalTensor> {
    operations.multiplex(bits, x, ringBits);
    const out = new BigUint64Array(sizeOf(x.shape));
    if (out.length > 0) kernels.ringSelect(bitsOf(bits), dataOf(x), out);
    const selected = localTensor(out, x.shape, x);
    return ringBits === x.ringBits ? selected : this.widen(selected, ringBits);
  }

  async lookUp(x: SharedTensor, table: RingTensor): Promise<LocalTensor> {
    const given = operations.lookUp(x, table);
    const out = new BigUint64Array(sizeOf(x.shape));
    kernels.lookUpPlain({ table: table.data, x: dataOf(x), out });
    return localTensor(out, given.shape, given);
  }

  async exponential(x: SharedTensor, fractionBits: number): Promise<LocalTensor> {
    const given = operations.exponential(x, fractionBits);
    const out = new BigUint64Array(sizeOf(x.shape));
    const { results } = exponentialTables(x, fractionBits);
    kernels.lookUpPlain({ table: results, x: dataOf(x), out });
    return localTensor(out, given.shape, given);
  }

  /** Any order would do: this one reverses, so that nothing above comes to rely on the order. */
  async shuffle({ tensors, bits }: ShuffleRows): Promise<ShuffleRows> {
    const rows = operations.shuffle({ tensors, bits });
    const reversed = Uint32Array.from({ length: rows }, (_, i) => rows - 1 - i);
    return {
      tensors: tensors.map((x) => this.gatherRows(x, reversed)),
      bits: bits.map((a) => this.gatherBitRows(a, reversed)),
    };
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor> {
    this.#options.recordLeak?.(leak, to);
    const { shape, ringBits, fractionBits } = x;
    return { shape, ringBits, fractionBits, data: dataOf(x).slice() };
  }

  async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array> {
    this.#options.recordLeak?.(leak, to);
    return bitsOf(bits).slice();
  }

  /** -2^magnitudeBits <= x < 2^magnitudeBits, which is |2x + 1| < 2^(magnitudeBits + 1). */
  #checkRange(operation: Overflow['operation'], x: SharedTensor, magnitudeBits: number): void {
    if (!this.#options.onOverflow) return;
    const doubled = new BigUint64Array(dataOf(x).length);
    kernels.ringSignExtend(dataOf(x), x.ringBits, 64, doubled);
    kernels.ringScale(doubled, 2n, 64, doubled);
    if (doubled.length > 0) kernels.ringAdd(doubled, BigUint64Array.of(1n), 64, doubled);
    const largest = kernels.ringMaxAbsolute(doubled, 64);
    const unit = 2 ** (-x.fractionBits - 1);
    const limit = 2 ** (magnitudeBits + 1);
    if (largest >= limit)
      this.#options.onOverflow({ operation, limit: limit * unit, largest: largest * unit });
  }
}

function known(operation: string, x: PrivateTensor): RingTensor {
  if (x.value === null) {
    throw new TensorMismatchError(`${operation}: expected the value of ${x.owner}'s tensor, got null`);
  }
  return x.value;
}
