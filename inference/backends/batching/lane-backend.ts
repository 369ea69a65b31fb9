/**
 * The backend as one lane of a batch sees it: local operations are taken over as they are, communicating ones wait
 * for the other lanes. Written out one by one: an operation added to the seam must be thought about here.
 */
import type { RingFormat } from '../../core/ring-tensor.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type {
  Backend,
  LeakName,
  Protocols,
  RowShifts,
  ShuffleMaterial,
  ShuffleRows,
  Sign,
  Weight,
  WeightSource,
} from '../backend.js';
import { localOperations } from '../local-operations.js';
import type { Call } from './call.js';
import * as calls from './calls.js';
import type { Lockstep } from './lockstep.js';

/** Told of every value that a lane opens. */
export type LaneLeak = (lane: number, name: LeakName, to: PartyId | 'all') => void;

/** A class would forward two dozen local operations one by one. */
export function laneBackend(lane: number, lockstep: Lockstep, onLeak: LaneLeak): Backend {
  const { mpc } = lockstep;
  const call = <Input, Output>(one: Call<Input, Output>) => lockstep.call(lane, one);
  const protocols: Omit<
    Protocols,
    'prepareFactors' | 'prepareShuffle' | 'together' | 'lines' | 'largest' | 'ifMade'
  > = {
    // `async` turns an error of the arguments into a rejection, as in every backend.
    async share(x: PrivateTensor): Promise<SharedTensor> {
      return call(calls.shareCall(x));
    },

    async prepare(source: WeightSource): Promise<Weight> {
      return call(calls.prepareCall(source));
    },

    async linear(x: SharedTensor, w: Weight, into?: RingFormat): Promise<SharedTensor> {
      return call(calls.linearCall(x, w, into));
    },

    async matmul(x: SharedTensor, y: SharedTensor, into?: RingFormat): Promise<SharedTensor> {
      return call(calls.matmulCall(x, y, into));
    },

    async multiply(
      x: SharedTensor,
      y: SharedTensor,
      ySign?: Sign,
      yBits?: number,
      into?: RingFormat,
    ): Promise<SharedTensor> {
      return call(calls.multiplyCall(x, y, ySign, yBits, into));
    },

    async square(x: SharedTensor, ringBits?: number, sign?: Sign, into?: RingFormat): Promise<SharedTensor> {
      return call(calls.squareCall(x, ringBits, sign, into));
    },

    async multiplyPrivate(x: SharedTensor, y: PrivateTensor, into?: RingFormat): Promise<SharedTensor> {
      return call(calls.multiplyPrivateCall(x, y, into));
    },

    async widen(x: SharedTensor, ringBits: number): Promise<SharedTensor> {
      return call(calls.widenCall(x, ringBits));
    },

    async round(x: SharedTensor, bits: number): Promise<SharedTensor> {
      return call(calls.roundCall(x, bits));
    },

    async isNegative(x: SharedTensor): Promise<SharedBits> {
      return call(calls.isNegativeCall(x));
    },

    async areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<SharedBits> {
      return call(calls.areNegativeCall(x, copies));
    },

    async and(a: SharedBits, b: SharedBits): Promise<SharedBits> {
      return call(calls.andCall(a, b));
    },

    async toArithmetic(bits: SharedBits, ringBits: number): Promise<SharedTensor> {
      return call(calls.toArithmeticCall(bits, ringBits));
    },

    async multiplex(bits: SharedBits, x: SharedTensor, ringBits?: number): Promise<SharedTensor> {
      return call(calls.multiplexCall(bits, x, ringBits));
    },

    async lookUp(x: SharedTensor, table: RingTensor): Promise<SharedTensor> {
      return call(calls.lookUpCall(x, table));
    },

    async exponential(x: SharedTensor, fractionBits: number): Promise<SharedTensor> {
      return call(calls.exponentialCall(x, fractionBits));
    },

    async shuffle(rows: ShuffleRows, material?: ShuffleMaterial | null): Promise<ShuffleRows> {
      return call(calls.shuffleCall(rows, material));
    },

    async reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null> {
      onLeak(lane, leak, to);
      return call(calls.revealCall(x, to, leak));
    },

    async revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null> {
      onLeak(lane, leak, to);
      return call(calls.revealBitsCall(bits, to, leak));
    },
  };
  const { self, outsourced } = mpc;
  const prepareShuffle = async (rows: number) => call(calls.prepareShuffleCall(rows));
  const lines: NonNullable<Protocols['lines']> = async (...args) => call(calls.linesCall(...args));
  const largest: NonNullable<Protocols['largest']> = async (...args) => call(calls.largestCall(...args));
  const ifMade: NonNullable<Protocols['ifMade']> = async (...args) => call(calls.ifMadeCall(...args));
  return {
    self,
    ...(outsourced && { outsourced }),
    ...localOperations(mpc),
    ...protocols,
    ...(mpc.prepareShuffle && { prepareShuffle }),
    ...(mpc.lines && { lines }),
    ...(mpc.largest && { largest }),
    ...(mpc.ifMade && { ifMade }),
  };
}
