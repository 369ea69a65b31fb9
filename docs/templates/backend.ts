/**
 * A backend that only lacks its bodies. Copy it to `inference/backends/NAME/`, fill it in from top to bottom, and let
 * `test/contract/suite.ts` say when an operation is right. What each one promises stands in `inference/backends/backend.ts`; what it
 * takes and what shape and format it gives, in `inference/backends/operations.ts`. Local operations are inherited: they work on
 * additive shares. docs/extending.md has the other files.
 */
import type {
  Backend,
  LeakName,
  RowShifts,
  ShuffleRows,
  Sign,
  Weight,
  WeightSource,
} from '../../inference/backends/backend.js';
import { LocalBackend, type Rounding } from '../../inference/backends/local-backend.js';
import type {
  PartyId,
  PrivateTensor,
  RingTensor,
  SharedBits,
  SharedTensor,
} from '../../inference/core/tensors.js';

/** Thrown by what has no body yet. */
class MissingBodyError extends Error {
  override name = 'MissingBodyError';

  constructor(operation: keyof Backend) {
    super(`template backend: ${operation} has no body yet`);
  }
}

export class TemplateBackend extends LocalBackend implements Backend {
  /** Exactly one party adds public values to its share. */
  protected readonly addsPublicValues: boolean;

  constructor(
    readonly self: PartyId,
    /** How dropping low bits of a share rounds: the parties' roundings have to add up to the value's. */
    protected readonly truncation: Rounding,
  ) {
    super();
    this.addsPublicValues = self === 'server';
  }

  // ---- inputs and openings: begin here -------------------------------------------------------------------------

  async share(_x: PrivateTensor): Promise<SharedTensor> {
    throw new MissingBodyError('share');
  }

  /** Ask the session before anything is opened: it refuses names that are not declared, and keeps the list. */
  async reveal(_x: SharedTensor, _to: PartyId | 'all', _leak: LeakName): Promise<RingTensor | null> {
    throw new MissingBodyError('reveal');
  }

  async revealBits(_bits: SharedBits, _to: PartyId | 'all', _leak: LeakName): Promise<Uint8Array | null> {
    throw new MissingBodyError('revealBits');
  }

  // ---- products ------------------------------------------------------------------------------------------------

  async prepare(_source: WeightSource): Promise<Weight> {
    throw new MissingBodyError('prepare');
  }

  async linear(_x: SharedTensor, _w: Weight): Promise<SharedTensor> {
    throw new MissingBodyError('linear');
  }

  async matmul(_x: SharedTensor, _y: SharedTensor): Promise<SharedTensor> {
    throw new MissingBodyError('matmul');
  }

  async multiply(_x: SharedTensor, _y: SharedTensor, _ySign?: Sign): Promise<SharedTensor> {
    throw new MissingBodyError('multiply');
  }

  async square(_x: SharedTensor, _ringBits?: number, _sign?: Sign): Promise<SharedTensor> {
    throw new MissingBodyError('square');
  }

  async multiplyPrivate(_x: SharedTensor, _y: PrivateTensor): Promise<SharedTensor> {
    throw new MissingBodyError('multiplyPrivate');
  }

  // ---- bits ----------------------------------------------------------------------------------------------------

  async isNegative(_x: SharedTensor): Promise<SharedBits> {
    throw new MissingBodyError('isNegative');
  }

  async areNegative(_x: SharedTensor, _copies: readonly RowShifts[]): Promise<SharedBits> {
    throw new MissingBodyError('areNegative');
  }

  async and(_a: SharedBits, _b: SharedBits): Promise<SharedBits> {
    throw new MissingBodyError('and');
  }

  async toArithmetic(_bits: SharedBits, _ringBits: number): Promise<SharedTensor> {
    throw new MissingBodyError('toArithmetic');
  }

  async multiplex(_bits: SharedBits, _x: SharedTensor): Promise<SharedTensor> {
    throw new MissingBodyError('multiplex');
  }

  // ---- rings, tables, rows -------------------------------------------------------------------------------------

  async widen(_x: SharedTensor, _ringBits: number): Promise<SharedTensor> {
    throw new MissingBodyError('widen');
  }

  async round(_x: SharedTensor, _bits: number): Promise<SharedTensor> {
    throw new MissingBodyError('round');
  }

  async lookUp(_x: SharedTensor, _table: RingTensor): Promise<SharedTensor> {
    throw new MissingBodyError('lookUp');
  }
  async exponential(_x: SharedTensor, _fractionBits: number): Promise<SharedTensor> {
    throw new MissingBodyError('exponential');
  }

  async shuffle(_rows: ShuffleRows): Promise<ShuffleRows> {
    throw new MissingBodyError('shuffle');
  }
}
