/**
 * The backend as one lane of a batch sees it: local operations pass straight through, communicating ones wait for the
 * other lanes. Written out method by method: an operation added to the seam must be thought about here.
 */
import type { Shape } from '../../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { Backend, LeakName, RowShifts, ShuffleRows, Sign, Weight, WeightSource } from '../backend.js';
import * as calls from './calls.js';
import type { Lockstep } from './lockstep.js';

/** Told of every value that a lane opens. */
export type LaneLeak = (lane: number, name: LeakName, to: PartyId | 'all') => void;

export class LaneBackend implements Backend {
  readonly self: PartyId;
  readonly #mpc: Backend;

  constructor(
    readonly lane: number,
    private readonly lockstep: Lockstep,
    private readonly onLeak: LaneLeak,
  ) {
    this.#mpc = lockstep.mpc;
    this.self = this.#mpc.self;
  }

  add(x: SharedTensor, y: SharedTensor): SharedTensor {
    return this.#mpc.add(x, y);
  }

  subtract(x: SharedTensor, y: SharedTensor): SharedTensor {
    return this.#mpc.subtract(x, y);
  }

  negate(x: SharedTensor): SharedTensor {
    return this.#mpc.negate(x);
  }

  addPublic(x: SharedTensor, value: number | Float64Array): SharedTensor {
    return this.#mpc.addPublic(x, value);
  }

  addPrivate(x: SharedTensor, value: PrivateTensor): SharedTensor {
    return this.#mpc.addPrivate(x, value);
  }

  scale(x: SharedTensor, factor: number, fractionBits: number): SharedTensor {
    return this.#mpc.scale(x, factor, fractionBits);
  }

  reinterpret(x: SharedTensor, fractionBits: number): SharedTensor {
    return this.#mpc.reinterpret(x, fractionBits);
  }

  shiftLeft(x: SharedTensor, bits: number): SharedTensor {
    return this.#mpc.shiftLeft(x, bits);
  }

  expand(x: SharedTensor, bits: number): SharedTensor {
    return this.#mpc.expand(x, bits);
  }

  sum(x: SharedTensor, axis: number): SharedTensor {
    return this.#mpc.sum(x, axis);
  }

  slice(x: SharedTensor, axis: number, begin: number, end: number): SharedTensor {
    return this.#mpc.slice(x, axis, begin, end);
  }

  concat(parts: readonly SharedTensor[], axis: number): SharedTensor {
    return this.#mpc.concat(parts, axis);
  }

  reshape(x: SharedTensor, shape: Shape): SharedTensor {
    return this.#mpc.reshape(x, shape);
  }

  transpose(x: SharedTensor, permutation: readonly number[]): SharedTensor {
    return this.#mpc.transpose(x, permutation);
  }

  gatherRows(x: SharedTensor, rows: Uint32Array): SharedTensor {
    return this.#mpc.gatherRows(x, rows);
  }

  broadcastRows(x: SharedTensor, rows: number): SharedTensor {
    return this.#mpc.broadcastRows(x, rows);
  }

  narrow(x: SharedTensor, ringBits: number): SharedTensor {
    return this.#mpc.narrow(x, ringBits);
  }

  truncateReduce(x: SharedTensor, bits: number): SharedTensor {
    return this.#mpc.truncateReduce(x, bits);
  }

  constant(
    values: Float64Array | number,
    shape: Shape,
    ringBits: number,
    fractionBits: number,
  ): SharedTensor {
    return this.#mpc.constant(values, shape, ringBits, fractionBits);
  }

  xor(a: SharedBits, b: SharedBits): SharedBits {
    return this.#mpc.xor(a, b);
  }

  not(a: SharedBits): SharedBits {
    return this.#mpc.not(a);
  }

  sliceBits(a: SharedBits, axis: number, begin: number, end: number): SharedBits {
    return this.#mpc.sliceBits(a, axis, begin, end);
  }

  concatBits(parts: readonly SharedBits[], axis: number): SharedBits {
    return this.#mpc.concatBits(parts, axis);
  }

  reshapeBits(a: SharedBits, shape: Shape): SharedBits {
    return this.#mpc.reshapeBits(a, shape);
  }

  // Below, `async` turns an error of the arguments into a rejection, as in every backend.

  async share(x: PrivateTensor): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.shareCall(x));
  }

  async prepare(source: WeightSource): Promise<Weight> {
    return this.lockstep.call(this.lane, calls.prepareCall(source));
  }

  async linear(x: SharedTensor, w: Weight): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.linearCall(x, w));
  }

  async matmul(x: SharedTensor, y: SharedTensor): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.matmulCall(x, y));
  }

  async multiply(x: SharedTensor, y: SharedTensor, ySign?: Sign): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.multiplyCall(x, y, ySign));
  }

  async square(x: SharedTensor, ringBits?: number, sign?: Sign): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.squareCall(x, ringBits, sign));
  }

  async multiplyPrivate(x: SharedTensor, y: PrivateTensor): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.multiplyPrivateCall(x, y));
  }

  async widen(x: SharedTensor, ringBits: number): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.widenCall(x, ringBits));
  }

  async round(x: SharedTensor, bits: number): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.roundCall(x, bits));
  }

  async isNegative(x: SharedTensor): Promise<SharedBits> {
    return this.lockstep.call(this.lane, calls.isNegativeCall(x));
  }

  async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<SharedBits> {
    return this.lockstep.call(this.lane, calls.areNegativeCall(x, copies));
  }

  async and(a: SharedBits, b: SharedBits): Promise<SharedBits> {
    return this.lockstep.call(this.lane, calls.andCall(a, b));
  }

  async toArithmetic(bits: SharedBits, ringBits: number): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.toArithmeticCall(bits, ringBits));
  }

  async multiplex(bits: SharedBits, x: SharedTensor): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.multiplexCall(bits, x));
  }

  async lookUp(x: SharedTensor, table: RingTensor): Promise<SharedTensor> {
    return this.lockstep.call(this.lane, calls.lookUpCall(x, table));
  }

  async shuffle(rows: ShuffleRows): Promise<ShuffleRows> {
    return this.lockstep.call(this.lane, calls.shuffleCall(rows));
  }

  async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
    this.onLeak(this.lane, leak, to);
    return this.lockstep.call(this.lane, calls.revealCall(x, to, leak));
  }

  async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
    this.onLeak(this.lane, leak, to);
    return this.lockstep.call(this.lane, calls.revealBitsCall(bits, to, leak));
  }
}
